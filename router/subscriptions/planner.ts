import { buildOperationContext, executeQueryPlan, type ServiceMap } from '@apollo/gateway';
import { operationFromDocument } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan, type SubscriptionNode } from '@apollo/query-planner';
import {
  Kind,
  print,
  separateOperations,
  type DocumentNode,
  type ExecutionResult,
  type OperationDefinitionNode,
} from 'graphql';
import { createLruCache, type Logger } from '../../platform/server/index.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import type { Graph } from '../documents/graph.ts';
import { plannerConfig, weightOf } from '../documents/planning.ts';
import type { Variables } from '../documents/variables.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import { noteSeen } from '../gateway/seen.ts';
import { toUpstreamOperation, usedVariables, type UpstreamOperation } from './upstream-operation.ts';

/** A planned subscription: what to ask its owner, and how to complete each event from the other subgraphs. */
export interface SubscriptionPlan {
  /** The operation in normal form: equal texts are equal operations. */
  text: string;
  /** About how much memory it takes, in bytes. */
  weight: number;
  subgraph: string;
  upstream: UpstreamOperation;
  /** The client's variable that only says where to begin; it does not tell two running subscriptions apart. */
  beginningVariable: string | undefined;
  /** Variables that the owner is sent. */
  upstreamVariables(variables: Variables): Variables;
  /** The answer for the clients. Takes the event over: running a plan writes into it. */
  complete(event: ExecutionResult, variables: Variables, context: RequestContext): Promise<ExecutionResult>;
}

export interface Planner {
  plan(operation: CheckedOperation): SubscriptionPlan;
}

export interface PlannerOptions {
  graph: Graph;
  serviceMap: ServiceMap;
  cacheBytes: number;
  logger: Logger;
}

/** In event plans this "service" answers the subscription's own part: its answer is the event. */
const eventService = '__event__';

/** Plans subscriptions: the gateway refuses them, its planner does not. The gateway's own instance is private. */
export function createPlanner({ graph, serviceMap, cacheBytes, ...options }: PlannerOptions): Planner {
  const { supergraph, apiSchema, schema } = graph;
  const queryPlanner = new QueryPlanner(supergraph, plannerConfig);
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const logger = options.logger.child({}, { level: 'error' });
  const cache = createLruCache<string, SubscriptionPlan>(cacheBytes, ({ weight }) => weight);

  function subscriptionNode(document: DocumentNode, operation: OperationDefinitionNode): SubscriptionNode {
    const operationName = operation.name?.value;
    const planned = operationFromDocument(apiSchema, document, operationName === undefined ? {} : { operationName });
    const { node } = queryPlanner.buildQueryPlan(planned);
    if (node?.kind !== 'Subscription') throw new Error('The planner made no subscription of a valid one.');
    return node;
  }

  function createPlan(
    document: DocumentNode,
    { operation, restore }: CheckedOperation,
    { primary, rest }: SubscriptionNode,
  ): SubscriptionPlan {
    const upstream = toUpstreamOperation(primary.operation, schema);
    const eventPlan: QueryPlan = {
      kind: 'QueryPlan',
      node: { kind: 'Sequence', nodes: [{ ...primary, serviceName: eventService }, ...(rest ? [rest] : [])] },
    };
    const operationContext = buildOperationContext({ schema, operationDocument: document });
    const clientVariable = upstream.resume?.clientVariable;
    return {
      text: print(document),
      weight: weightOf(eventPlan),
      subgraph: primary.serviceName,
      upstream,
      beginningVariable:
        clientVariable !== undefined && usedVariables(operation).get(clientVariable) === 1 && !inFragments(document)
          ? clientVariable
          : undefined,
      upstreamVariables: (variables) => {
        const names = (primary.variableUsages ?? []).filter((name) => name in variables && name !== clientVariable);
        return Object.fromEntries(names.map((name) => [name, variables[name]]));
      },
      complete: async (event, variables, context) => {
        const services = { ...serviceMap, [eventService]: { process: async () => event as { data: Variables } } };
        // Of a gateway's request context the executor reads these four.
        const request = { request: { variables }, context, metrics: {}, logger } as unknown as Parameters<
          typeof executeQueryPlan
        >[2];
        noteSeen(context, event.extensions);
        const answer = executeQueryPlan(eventPlan, services, request, operationContext, supergraphSchema, apiSchema);
        return restore((await answer) as ExecutionResult);
      },
    };
  }

  return {
    plan(checked) {
      const known = cache.get(checked.key);
      if (known) return known;
      const { operation } = checked;
      // Only this operation and its fragments: the document's other operations must not affect sharing or planning.
      const document = separateOperations(checked.document)[operation.name?.value ?? ''] ?? checked.document;
      const plan = createPlan(document, checked, subscriptionNode(document, operation));
      cache.set(checked.key, plan);
      return plan;
    },
  };
}

/** Variables in fragments are not counted: such an operation only shares less. */
function inFragments(document: DocumentNode): boolean {
  return document.definitions.some((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
}
