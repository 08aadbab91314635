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
import type { SubgraphAnswer } from './answer.ts';
import { compilePath, placesAt, type ResponsePath, type Visit } from './entities.ts';
import { merge } from './merge.ts';
import { compileRepresentation, type Represent } from './representation.ts';
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
}

export const beginExecution = (variables: JsonObject, ask: Ask): Execution => ({
  data: {},
  errors: [],
  variables,
  ask,
});

/** Runs a plan's fetches: writes what they answer into the execution. */
export type Run = (execution: Execution) => Promise<void>;

/** At how many places an error is repeated that a subgraph gave for all, or for an entity that is in many places. */
const mostPlaces = 10;

const nothing: Run = async () => undefined;

/** Compiles a plan. `isOf` knows the types of the whole supergraph. */
export function compilePlan({ node }: Plan, isOf: TypeTest): Run {
  return node ? compileNode(node, (fetch) => compileAlone(fetch, isOf)) : nothing;
}

/** Compiles parts of one plan: a fetch that is in several is made once in an execution. */
export function compileShared(isOf: TypeTest): (node: PlanNode | undefined) => Run {
  const known = new Map<PlanNode, Run>();
  const compileFetch: CompileFetch = (node) => {
    const ready = known.get(node) ?? once(compileAlone(node, isOf));
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

const compileAlone = (node: RootFetch | EntityFetch, isOf: TypeTest): Run =>
  node.kind === 'root' ? compileRoot(node, isOf) : compileEntities(node, isOf);

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
  const fields = answeredFields(fetch.operation).map((name) => [name]);
  return async (execution) => {
    const answer = await execution.ask({ subgraph, type, body: bodyOf(execution.variables) });
    takeRoot(execution, fetch, answer, fields, isOf);
  };
}

function takeRoot(
  { data, errors }: Execution,
  { rewrites }: RootFetch,
  answer: SubgraphAnswer,
  fields: readonly ResponsePath[],
  isOf: TypeTest,
): void {
  for (const error of answer.errors ?? []) {
    if (error.path) errors.push({ ...error, path: renamedPath(error.path, rewrites) });
    else for (const path of fields.slice(0, mostPlaces)) errors.push({ ...error, path });
  }
  if (!answer.data) return;
  if (rewrites.length > 0) applyRewrites(rewrites, answer.data, isOf);
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
  const fields = answeredFields(fetch.operation).map((name) => [name]);
  return (execution, event) => takeRoot(execution, fetch, event, fields, isOf);
}

interface CompiledList extends EntityList {
  visits: readonly Visit[];
  represent: Represent;
  /** Before and after its representations in the body's variables. */
  start: string;
  fields: readonly string[];
}

/** The entities of one list, and what represents them: equal ones share a representation. */
interface Gathered {
  list: CompiledList;
  representations: Map<string, number>;
  entities: { entity: JsonObject; representation: number; path: number }[];
}

function compileEntities(fetch: EntityFetch, isOf: TypeTest): Run {
  const { subgraph } = fetch;
  const bodyOf = compileBody(fetch);
  const fields = answeredEntityFields(fetch.operation);
  const lists = fetch.lists.map((list): CompiledList => ({
    ...list,
    visits: list.paths.map((path) => compilePath(path, isOf)),
    represent: compileRepresentation(list.requires, list.inputRewrites, isOf),
    start: `${JSON.stringify(list.variable)}:[`,
    fields: fields.get(list.alias) ?? [],
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
    const answer = await execution.ask({ subgraph, type: 'query', body });
    for (const each of gathered) {
      const answered = answer.data?.[each.list.alias];
      spread(each, answered, isOf);
      const errors = answer.errors ?? (each.list.again ? errorsOfLost(each.list, answered) : undefined);
      if (errors) placeErrors(each, errors, execution, isOf);
    }
  };
}

function gather(list: CompiledList, { data }: Execution): Gathered {
  const gathered: Gathered = { list, representations: new Map(), entities: [] };
  const { representations, entities } = gathered;
  for (const [path, visit] of list.visits.entries()) {
    visit(data, (entity) => {
      const text = list.represent(entity);
      if (text === undefined) return;
      let representation = representations.get(text);
      if (representation === undefined) {
        representation = representations.size;
        representations.set(text, representation);
      }
      entities.push({ entity, representation, path });
    });
  }
  return gathered;
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
  { list, entities }: Gathered,
  given: readonly GraphQLFormattedError[],
  { data, errors }: Execution,
  isOf: TypeTest,
): void {
  let places: Map<JsonObject, ResponsePath[]>[] | undefined;
  const placesOf = (wanted: unknown): ResponsePath[] => {
    places ??= list.paths.map((path) => placesAt(path, data, isOf));
    const found = new Map<string, ResponsePath>();
    for (const { entity, representation } of entities) {
      if (found.size >= mostPlaces) break;
      if (wanted !== undefined && representation !== wanted) continue;
      for (const known of places) for (const path of known.get(entity) ?? []) found.set(path.join('\0'), path);
    }
    return [...found.values()].slice(0, mostPlaces);
  };
  for (const error of given) {
    const [alias, representation, ...rest] = error.path ?? [];
    if (error.path && alias !== list.alias) continue;
    if (representation !== undefined) {
      for (const place of placesOf(representation)) {
        errors.push({ ...error, path: [...place, ...renamedPath(rest, list.outputRewrites)] });
      }
      continue;
    }
    for (const place of placesOf(undefined)) {
      for (const field of list.fields.slice(0, mostPlaces)) errors.push({ ...error, path: [...place, field] });
    }
  }
}

/** The response names at the root of what a subgraph is asked. */
function answeredFields(operation: string): string[] {
  return namesIn(...rootOf(operation));
}

/** The response names of what is asked of entities, by the alias of their list. */
function answeredEntityFields(operation: string): Map<string, string[]> {
  const [root, fragments] = rootOf(operation);
  const fields = new Map<string, string[]>();
  for (const selection of root.selections) {
    if (selection.kind !== Kind.FIELD || !selection.selectionSet) continue;
    fields.set(selection.alias?.value ?? selection.name.value, namesIn(selection.selectionSet, fragments));
  }
  return fields;
}

type Fragments = ReadonlyMap<string, SelectionSetNode>;

function rootOf(operation: string): [SelectionSetNode, Fragments] {
  const { definitions } = parse(operation, { noLocation: true });
  const fragments = new Map<string, SelectionSetNode>();
  let root: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [] };
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
    if (definition.kind === Kind.OPERATION_DEFINITION) root = definition.selectionSet;
  }
  return [root, fragments];
}

function namesIn({ selections }: SelectionSetNode, fragments: Fragments): string[] {
  const names = selections.flatMap((selection): string[] => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return namesIn(selection.selectionSet, fragments);
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = fragments.get(selection.name.value);
      return fragment ? namesIn(fragment, fragments) : [];
    }
    return selection.name.value === '__typename' ? [] : [selection.alias?.value ?? selection.name.value];
  });
  return [...new Set(names)];
}

/** About how much memory a compiled plan takes, in bytes: mostly the texts of its requests. */
export function weightOf({ node, subscription }: Plan): number {
  const fetches = [...fetchesOf(node), ...(subscription ? [subscription] : [])];
  return 2_000 + fetches.reduce((sum, { operation }) => sum + 2_000 + operation.length * 8, 0);
}
