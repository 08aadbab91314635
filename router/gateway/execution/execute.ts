import { Kind, parse, type GraphQLFormattedError, type SelectionSetNode } from 'graphql';
import {
  fetchesOf,
  type EntityFetch,
  type EntityList,
  type Plan,
  type PlanNode,
  type Rewrite,
  type RootFetch,
} from '../planning/plan.ts';
import { compileMayBeOne, isAlike, neverOne, type Asked, type MayBeOne } from './alike.ts';
import type { SubgraphAnswer } from './answer.ts';
import { compilePath, placesAt, type ResponsePath, type Visit } from './entities.ts';
import { merge } from './merge.ts';
import { compileRepresentation, type Representation } from './representation.ts';
import { applyRewrites } from './rewrites.ts';
import { isObject, type JsonObject, type TypeTest } from './values.ts';

/** One request to a subgraph. */
export interface SubgraphRequest {
  subgraph: string;
  type: RootFetch['type'];
  /** `{"query":…,"variables":…`, without the closing brace. */
  body: string;
}

/** Asks subgraphs, on behalf of one operation. It never rejects: what went wrong is an error of the answer. */
export type Ask = (request: SubgraphRequest) => Promise<SubgraphAnswer>;

/** One operation under way. */
export interface Execution {
  /** What subgraphs have answered so far, under the planner's response names. */
  data: JsonObject;
  errors: GraphQLFormattedError[];
  variables: JsonObject;
  ask: Ask;
  /** Objects that are in several places. */
  repeated: Set<JsonObject>;
  /** Requests for entities that are under way. */
  asking: number;
  /** Something was merged while one of them was. */
  hasChanged: boolean;
}

export const beginExecution = (variables: JsonObject, ask: Ask): Execution => ({
  data: {},
  errors: [],
  variables,
  ask,
  repeated: new Set(),
  asking: 0,
  hasChanged: false,
});

/** Runs a plan's fetches: writes what they answer into the execution. */
export type Run = (execution: Execution) => Promise<void>;

/** At how many places an error is repeated that a subgraph gave for all, or for an entity that is in many places. */
export const mostPlaces = 10;

const nothing: Run = async () => undefined;

/** Compiles a plan. `isOf` knows the types of the whole supergraph. */
export function compilePlan({ node }: Plan, isOf: TypeTest): Run {
  if (!node) return nothing;
  const mayBeOne = compileMayBeOne(node, askedBy);
  return compileNode(node, (fetch) => compileAlone(fetch, isOf, mayBeOne));
}

/** Compiles parts of one plan: a fetch that is in several is made once in an execution. */
export function compileShared(isOf: TypeTest): (node: PlanNode | undefined) => Run {
  const known = new Map<PlanNode, Run>();
  const compileFetch: CompileFetch = (node) => {
    // Parts that come later know the objects that they are of.
    const ready = known.get(node) ?? once(compileAlone(node, isOf, neverOne));
    known.set(node, ready);
    return ready;
  };
  return (node) => (node ? compileNode(node, compileFetch) : nothing);
}

function once(run: Run): Run {
  const begun = new WeakMap<JsonObject, Promise<void>>();
  return (execution) => {
    const promise = begun.get(execution.data) ?? run(execution);
    begun.set(execution.data, promise);
    return promise;
  };
}

type CompileFetch = (node: RootFetch | EntityFetch) => Run;

const compileAlone = (node: RootFetch | EntityFetch, isOf: TypeTest, mayBeOne: MayBeOne): Run =>
  node.kind === 'root' ? compileRoot(node, isOf) : compileEntities(node, isOf, mayBeOne);

function compileNode(node: PlanNode, compileFetch: CompileFetch): Run {
  switch (node.kind) {
    case 'root':
    case 'entities':
      return compileFetch(node);
    case 'sequence': {
      const runs = node.nodes.map((each) => compileNode(each, compileFetch));
      return async (execution) => {
        for (const run of runs) await run(execution);
      };
    }
    case 'parallel': {
      const runs = node.nodes.map((each) => compileNode(each, compileFetch));
      return async (execution) => {
        await Promise.all(runs.map((run) => run(execution)));
      };
    }
  }
}

/** Compiles the part of a request's body before the values that vary. */
function compileBody({ operation, variables }: RootFetch | EntityFetch): (of: JsonObject, own?: string) => string {
  const beginning = `{"query":${JSON.stringify(operation)},"variables":{`;
  if (variables.length === 0) return (_of, own = '') => `${beginning}${own}}`;
  const names = variables.map((name) => [name, `${JSON.stringify(name)}:`] as const);
  return (of, own = '') => {
    let body = beginning + own;
    let separator = own === '' ? '' : ',';
    for (const [name, start] of names) {
      const value = of[name];
      if (value === undefined) continue;
      body += separator + start + JSON.stringify(value);
      separator = ',';
    }
    return `${body}}`;
  };
}

function compileRoot(fetch: RootFetch, isOf: TypeTest): Run {
  const { subgraph, type } = fetch;
  const bodyOf = compileBody(fetch);
  const fields = [...askedBy(fetch.operation).names.keys()].map((name) => [name]);
  return async (execution) => {
    const answer = await execution.ask({ subgraph, type, body: bodyOf(execution.variables) });
    takeRoot(execution, fetch, answer, fields, isOf);
  };
}

function takeRoot(
  execution: Execution,
  { rewrites }: RootFetch,
  answer: SubgraphAnswer,
  fields: readonly ResponsePath[],
  isOf: TypeTest,
): void {
  const { data, errors } = execution;
  for (const error of answer.errors ?? []) {
    if (error.path) errors.push({ ...error, path: renamedPath(error.path, rewrites) });
    else for (const path of fields.slice(0, mostPlaces)) errors.push({ ...error, path });
  }
  if (!answer.data) return;
  if (rewrites.length > 0) applyRewrites(rewrites, answer.data, isOf);
  execution.hasChanged = true;
  merge(data, answer.data, isOf);
}

/** The path of an error, where the planner asked for a field under a name of its own. */
function renamedPath(path: ResponsePath, rewrites: readonly Rewrite[]): ResponsePath {
  return rewrites.reduce((given, { path: [...steps], change }) => {
    const last = steps.at(-1);
    if (!('rename' in change) || last === undefined || !('field' in last)) return given;
    return given.map((step) => (step === last.field ? change.rename : step));
  }, path);
}

/** Takes what a subscription's owner sent for the answer to its root fetch. */
export function compileEvent(fetch: RootFetch, isOf: TypeTest): (execution: Execution, event: SubgraphAnswer) => void {
  const fields = [...askedBy(fetch.operation).names.keys()].map((name) => [name]);
  return (execution, event) => takeRoot(execution, fetch, event, fields, isOf);
}

interface CompiledList extends EntityList {
  visits: readonly Visit[];
  /** Of each path. */
  mayBeOne: readonly boolean[];
  representation: Representation;
  /** Before and after its representations in the body's variables. */
  start: string;
  fields: readonly string[];
}

/** The entities of one list, and what represents them: equal ones share a representation. */
interface Gathered {
  list: CompiledList;
  representations: Map<string, number>;
  entities: Gather[];
}

interface Gather {
  entity: JsonObject;
  representation: number;
  path: number;
}

function compileEntities(fetch: EntityFetch, isOf: TypeTest, mayBeOne: MayBeOne): Run {
  const { subgraph } = fetch;
  const bodyOf = compileBody(fetch);
  const lists = fetch.lists.map((list): CompiledList => ({
    ...list,
    visits: list.paths.map((path) => compilePath(path, isOf)),
    mayBeOne: list.paths.map(mayBeOne),
    representation: compileRepresentation(list.requires, list.inputRewrites, isOf),
    start: `${JSON.stringify(list.variable)}:[`,
    fields: [...askedBy(fetch.operation, list.alias).names.keys()],
  }));
  return async (execution) => {
    const gathered = lists.map((list) => gather(list, execution));
    if (gathered.every(({ entities }) => entities.length === 0)) return;
    let own = '';
    for (const { list, representations } of gathered) {
      if (own !== '') own += ',';
      own += `${list.start}${[...representations.keys()].join(',')}]`;
    }
    const body = bodyOf(execution.variables, own);
    if (execution.asking === 0) execution.hasChanged = false;
    execution.asking += 1;
    const answer = await execution.ask({ subgraph, type: 'query', body });
    execution.asking -= 1;
    execution.hasChanged = true;
    for (const each of gathered) {
      const answered = answer.data?.[each.list.alias];
      spread(each, answered, isOf);
      const errors = answer.errors ?? errorsOf(each, answered);
      if (errors.length > 0) placeErrors(each, errors, lists, execution, isOf);
    }
  };
}

/** What a subgraph left out without a word. */
function errorsOf({ list, representations }: Gathered, answered: unknown): readonly GraphQLFormattedError[] {
  const isWhole = Array.isArray(answered) && answered.length === representations.size;
  if (representations.size > 0 && !isWhole) return [notWhole];
  return list.again ? errorsOfLost(list, answered) : [];
}

const notWhole: GraphQLFormattedError = {
  message: 'The subgraph did not answer for all that it was asked for.',
  extensions: { code: 'SERVICE_UNAVAILABLE' },
};

function gather(list: CompiledList, { data, repeated, asking, hasChanged }: Execution): Gathered {
  const { write, scalars } = list.representation;
  const representations = new Map<string, number>();
  const entities: Gather[] = [];
  /** Of those with this scalar, the first one on the path. */
  const firsts = new Map<unknown, Gather>();
  // A request under way may have one of two objects that are alike by now, and were not when it began.
  const isSteady = asking === 0 || !hasChanged;
  for (const [path, visit] of list.visits.entries()) {
    const mayBeOne = isSteady && list.mayBeOne[path] === true;
    visit(data, (entity, holder, at) => {
      const first = scalars && firsts.get(entity[scalars[0]]);
      let representation: number | undefined;
      if (first && hasSame(scalars, entity, first.entity)) {
        ({ representation } = first);
        if (first.path === path) {
          if (first.entity === entity) return;
          if (mayBeOne && isAlike(first.entity, entity)) {
            holder[at] = first.entity;
            repeated.add(first.entity);
            return;
          }
        }
      } else {
        const text = write(entity);
        if (text === undefined) return;
        representation = representations.get(text);
        if (representation === undefined) {
          representation = representations.size;
          representations.set(text, representation);
        }
      }
      const one = { entity, representation, path };
      entities.push(one);
      if (scalars && first?.path !== path) firsts.set(entity[scalars[0]], one);
    });
  }
  return { list, representations, entities };
}

function hasSame(scalars: readonly string[], one: JsonObject, other: JsonObject): boolean {
  for (const name of scalars) if (one[name] !== other[name]) return false;
  return true;
}

function spread({ list, entities }: Gathered, answered: unknown, isOf: TypeTest): void {
  if (!Array.isArray(answered)) return;
  if (list.outputRewrites.length > 0) applyRewrites(list.outputRewrites, answered, isOf);
  const given = new Map<number, { path: number; answer: JsonObject }>();
  for (const { entity, representation, path } of entities) {
    const first = given.get(representation);
    const answer: unknown = first?.answer ?? answered[representation];
    if (!isObject(answer)) continue;
    // Places of one path share what is below; on another, what follows may differ under the same names.
    const own = first && first.path !== path ? copyOf(answer) : answer;
    if (own !== first?.answer) given.set(representation, { path, answer: own });
    merge(entity, own, isOf);
  }
}

/** For each entity that was there before, and is not any more. */
function errorsOfLost({ alias, fields }: CompiledList, answered: unknown): GraphQLFormattedError[] {
  if (!Array.isArray(answered)) return [];
  return answered.flatMap((entity: unknown, at) => {
    if (isObject(entity)) return [];
    return fields.map((field) => ({
      message: 'The object was there for the rest of the answer, and is not found any more.',
      path: [alias, at, field],
      extensions: { code: 'SERVICE_UNAVAILABLE' },
    }));
  });
}

/** Of plain JSON, so much faster than structuredClone. */
function copyOf<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copyOf(inner)])) as Value;
}

/** Errors of entities, at the places that the entities have in the client's answer. */
function placeErrors(
  { list, entities, representations }: Gathered,
  given: readonly GraphQLFormattedError[],
  lists: readonly EntityList[],
  { data, errors }: Execution,
  isOf: TypeTest,
): void {
  let places: Map<JsonObject, ResponsePath[]>[] | undefined;
  let gathered: Map<unknown, Gather[]> | undefined;
  const placesOf = (wanted: unknown): ResponsePath[] => {
    places ??= list.paths.map((path) => placesAt(path, data, isOf));
    gathered ??= Map.groupBy(entities, ({ representation }): unknown => representation);
    const found = new Map<string, ResponsePath>();
    for (const { entity } of wanted === undefined ? entities : (gathered.get(wanted) ?? [])) {
      if (found.size >= mostPlaces) break;
      for (const known of places) for (const path of known.get(entity) ?? []) found.set(path.join('\0'), path);
    }
    return [...found.values()].slice(0, mostPlaces);
  };
  for (const error of given) {
    const [alias, at, ...rest] = error.path ?? [];
    if (alias !== list.alias && lists.some((other) => other.alias === alias)) continue;
    if (alias === list.alias && /^\d+$/.test(String(at)) && Number(at) < representations.size) {
      for (const place of placesOf(Number(at))) {
        errors.push({ ...error, path: [...place, ...renamedPath(rest, list.outputRewrites)] });
      }
      continue;
    }
    // Without a path, or with one that leads nowhere, it is about all of them.
    for (const place of placesOf(undefined)) {
      for (const field of list.fields.slice(0, mostPlaces)) errors.push({ ...error, path: [...place, field] });
    }
  }
}

/** What a subgraph is asked for: by the whole operation, or of the entities of one list. */
function askedBy(operation: string, alias?: string): Asked {
  const { definitions } = parse(operation, { noLocation: true });
  const fragments = new Map<string, SelectionSetNode>();
  let root: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [] };
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
    if (definition.kind === Kind.OPERATION_DEFINITION) root = definition.selectionSet;
  }
  const whole = askedIn([root], fragments);
  return alias === undefined ? whole : (whole.names.get(alias) ?? { names: new Map() });
}

function askedIn(sets: readonly SelectionSetNode[], fragments: ReadonlyMap<string, SelectionSetNode>): Asked {
  const fields = new Map<string, SelectionSetNode[]>();
  const add = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind !== Kind.FIELD) {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value);
        if (inner) add(inner);
        continue;
      }
      const name = selection.alias?.value ?? selection.name.value;
      if (name === '__typename') continue;
      fields.set(name, [...(fields.get(name) ?? []), ...(selection.selectionSet ? [selection.selectionSet] : [])]);
    }
  };
  sets.forEach(add);
  return { names: new Map([...fields].map(([name, inner]) => [name, askedIn(inner, fragments)])) };
}

/** About how much memory a compiled plan takes, in bytes: mostly the texts of its requests. */
export function weightOf({ node, subscription }: Plan): number {
  const fetches = [...fetchesOf(node), ...(subscription ? [subscription] : [])];
  return 2_000 + fetches.reduce((sum, { operation }) => sum + 2_000 + operation.length * 8, 0);
}
