import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { OperationTypeNode, parse } from 'graphql';
import { createErrorFormatter, unavailable } from '../client-errors.ts';
import { documentLimits, routerSettings } from '../config.ts';
import { createDocuments, type CheckedOperation, type Valid } from '../documents/documents.ts';
import { readGraph, type Graph } from '../documents/graph.ts';
import type { Variables } from '../documents/variables.ts';
import { createApolloExecution } from '../gateway/apollo-engine.ts';
import { createCompiler } from '../gateway/compiled.ts';
import type { Answer } from '../gateway/asked.ts';
import { parseAnswer } from '../gateway/subgraph-answer.ts';
import { createHeaderRules } from '../gateway/header-rules.ts';
import { createEngine, type OnPart } from '../gateway/engine.ts';
import { combineHooks } from '../gateway/hooks.ts';
import { createApolloPlanner } from '../gateway/planning/apollo.ts';
import { createOverrides, overridesIn } from '../gateway/planning/overrides.ts';
import { createPlanner, createPlannerHere } from '../gateway/planning/create-planner.ts';
import type { HivePlannerOptions } from '../gateway/planning/hive.ts';
import type { Planner } from '../gateway/planning/planner.ts';
import type { PlannerKind } from '../gateway/planning/planner-process.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import { createLogger } from '../../platform/server/index.ts';
import { createSubscriptionPlanner } from '../subscriptions/planner.ts';
import { createMonolith, createSubgraph, subgraphSdl, type Definition, type Row, type World } from './worlds.ts';

/** What answers: our execution as it is, the same with Apollo's planner only, or the stock gateway. */
export const engineNames = ['own', 'apollo', 'stock'] as const;
export type EngineName = (typeof engineNames)[number];

export interface Answered {
  data: unknown;
  errors: readonly { message: string; path?: readonly (string | number)[] | undefined }[];
}

/** A whole supergraph in this process, and the monolith that it should answer like. */
export interface Federation {
  sdl: string;
  graph: Graph;
  monolith(query: string, variables?: Variables): Promise<Answered>;
  /** @returns what a client gets, and what subgraphs were asked for it. */
  ask(
    engine: EngineName,
    query: string,
    variables?: Variables,
    onPart?: OnPart,
  ): Promise<Answered & { asked: Asked[] }>;
}

export interface Asked {
  subgraph: string;
  query: string;
  variables: Variables;
}

interface EventContext extends RequestContext {
  asked: Asked[];
  state: Row;
}

const settings = routerSettings.parse({
  MAX_QUERY_COST: '10000000',
  MAX_QUERY_DEPTH: '100',
  MAX_QUERY_SELECTIONS: '10000',
  MAX_QUERY_ALIASES: '10000',
});
const logger = createLogger(process.env['TEST_LOG_LEVEL'] === undefined ? 'silent' : 'debug', 'router');
const formatError = createErrorFormatter(logger);
const hooks = combineHooks([]);
const planTimeoutMs = 5_000;

const oneOf = ' @oneOf';

/** @throws {Error} when the subgraphs do not compose. */
export function compose(subgraphs: Definition['subgraphs']): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphs).map(([name, sdl]) => ({
      name,
      url: `http://${name}.invalid`,
      typeDefs: parse(subgraphSdl(sdl).replaceAll(oneOf, '')),
    })),
  );
  if (supergraphSdl === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  // Apollo's composition does not know it; others write it into the supergraph.
  const names = Object.values(subgraphs).flatMap((sdl) =>
    [...sdl.matchAll(/input (\w+) @oneOf/g)].map(([, name = '']) => name),
  );
  if (names.length === 0) return supergraphSdl;
  const marked = supergraphSdl.replace(new RegExp(`^input (${names.join('|')})$`, 'gm'), `$&${oneOf}`);
  return `${marked}\n\ndirective @oneOf on INPUT_OBJECT\n`;
}

/** What a subgraph, or something on the way, makes of an answer: the text that comes. */
export type Lie = (answer: string) => string;

export interface FederationOptions {
  /** As in OVERRIDE_LABELS. */
  labels?: readonly string[] | undefined;
  /** What is done to every answer of a subgraph. */
  lie?: (subgraph: string) => Lie;
  /** Where native planners come from: they run in this process, if not given. */
  loadNative?: HivePlannerOptions['load'];
}

export function startFederation(definition: Definition, options: FederationOptions = {}): Federation {
  const { labels = [], lie } = options;
  const sdl = compose(definition.subgraphs);
  const graph = readGraph(sdl);
  const monolith = createMonolith(definition, Supergraph.build(sdl).apiSchema().toGraphQLJSSchema());
  const worlds = new Map<string, World>(
    Object.keys(definition.subgraphs).map((name) => [name, createSubgraph(definition, name, graph.supergraph)]),
  );
  const documents = createDocuments(graph, documentLimits(settings));
  const overrides = createOverrides(graph, overridesIn(labels));

  const clientOf = (name: string) => ({
    url: new URL(`http://${name}.invalid`),
    timeoutMs: 10_000,
    identityOf: () => ({}),
    refused: () => undefined,
    async ask({ subgraph, body }: { subgraph: string; body: string }, context: Partial<RequestContext>) {
      const world = worlds.get(name);
      if (!world) throw new Error(`There is no subgraph ${name}.`);
      const { query, variables } = JSON.parse(`${body}}`) as { query: string; variables: Row };
      const { asked, state } = context as Partial<RequestContext> & { asked: Asked[]; state: Row };
      asked.push({ subgraph, query, variables });
      const answer = await world.answer(query, variables, state);
      if (!lie) return answer;
      return parseAnswer(lie(name)(JSON.stringify(answer))) ?? { errors: [unavailable().toJSON()] };
    },
  });

  const engines = new Map<EngineName, ReturnType<typeof createOne>>();
  const engineOf = (name: EngineName) => {
    const known = engines.get(name) ?? createOne(name);
    engines.set(name, known);
    return known;
  };
  const startPlanner = (kind: PlannerKind) =>
    createPlannerHere(kind, { graph, timeoutMs: planTimeoutMs, load: options.loadNative });
  async function createOne(name: EngineName) {
    const planner: Planner =
      name === 'own'
        ? await createPlanner({ graph, logger, timeoutMs: planTimeoutMs, start: startPlanner })
        : await createApolloPlanner({ graph });
    const compiler = createCompiler({ graph, planner, overrides, cacheBytes: 10_000_000, hooks, logger });
    const engine = createEngine({
      compiler,
      execute:
        name === 'stock' ? await createApolloExecution({ graph, clientOf, formatError, hooks, logger }) : undefined,
      clientOf,
      turns: { take: async () => () => undefined },
      formatError,
      headers: createHeaderRules([]),
      mutations: { answered: 0 },
      hooks,
    });
    return { engine, subscriptions: createSubscriptionPlanner({ graph, compiler, clientOf, hooks, formatError }) };
  }

  /** The first event of a subscription. */
  async function eventOf(name: EngineName, { operation, coerced }: Valid, context: EventContext): Promise<Answer> {
    const { subscriptions } = await engineOf(name);
    const plan = await subscriptions.plan(operation, coerced);
    const { url } = plan.owner;
    const owner = url.hostname.slice(0, -'.invalid'.length);
    const [query, variables] = [plan.upstream.query, plan.upstreamVariables(coerced)];
    context.asked.push({ subgraph: owner, query, variables });
    const event = await worlds.get(owner)?.answer(query, variables, context.state);
    if (!event) throw new Error(`There is no subgraph ${owner}.`);
    return plan.complete(event, coerced, context);
  }

  return {
    sdl,
    graph,
    async monolith(query, variables = {}) {
      const { data = null, errors = [] } = await monolith.answer(query, variables, {});
      return { data, errors };
    },
    async ask(name, query, variables = {}, onPart) {
      const asked: Asked[] = [];
      const context = {
        viewer: null,
        authorization: undefined,
        correlationId: '',
        traceparent: undefined,
        asked,
        state: {},
      };
      const checked = documents.check({ query, variables }, context);
      if ('errors' in checked) return { data: null, errors: checked.errors.map((error) => error.toJSON()), asked };
      const { operation, coerced, cost } = checked;
      const { engine } = await engineOf(name);
      const answer =
        operation.operation.operation === OperationTypeNode.SUBSCRIPTION
          ? await eventOf(name, checked, context).catch((error: unknown) => ({
              data: undefined,
              errors: [formatError(error)],
            }))
          : await engine.run({ operation, variables: coerced, cost }, context, onPart);
      return { data: read(answer), errors: answer.errors, asked };
    },
  };
}

const read = ({ data }: Answer): unknown => (data === undefined ? null : JSON.parse(data));

export type { CheckedOperation };
