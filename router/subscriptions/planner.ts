import { buildOperationContext, executeQueryPlan, type ServiceMap } from '@apollo/gateway';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan, type SubscriptionNode } from '@apollo/query-planner';
import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  print,
  separateOperations,
  specifiedRules,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type OperationDefinitionNode,
} from 'graphql';
import type { Logger } from '../../subgraphs/chassis/process.ts';
import { routerError } from '../client-errors.ts';
import { createLruCache } from '../../subgraphs/chassis/process.ts';
import { queryDepthRule } from '../query-depth.ts';
import type { RequestContext } from '../request-context.ts';
import { toUpstreamOperation, usedVariables, type UpstreamOperation } from './upstream-operation.ts';

export type Variables = Record<string, unknown>;

/** A subscription that was understood: what to ask its owner, and how to complete each event from the other subgraphs. */
export interface SubscriptionPlan {
  /** The operation in normal form: equal texts are equal operations. */
  text: string;
  subgraph: string;
  upstream: UpstreamOperation;
  /** The client's variable that only says where to begin; it does not tell two running subscriptions apart. */
  beginningVariable: string | undefined;
  /** Variables that the owner is sent. */
  upstreamVariables(variables: Variables): Variables;
  coerce(variables: Variables): { coerced: Variables } | { errors: readonly GraphQLError[] };
  /** The answer for the clients. Takes the event over: running a plan writes into it. */
  complete(event: ExecutionResult, variables: Variables, context: RequestContext): Promise<ExecutionResult>;
}

export type Planned =
  | { kind: 'subscription'; plan: SubscriptionPlan }
  /** A query or a mutation; not validated. */
  | { kind: 'single' }
  | { kind: 'refused'; errors: readonly GraphQLError[] };

export interface Planner {
  plan(query: string, operationName?: string | null): Planned;
}

export interface PlannerOptions {
  supergraphSdl: string;
  serviceMap: ServiceMap;
  maxDepth: number;
  maxTokens: number;
  cacheSize: number;
  logger: Logger;
}

/** In event plans this "service" answers the subscription's own part: its answer is the event. */
const eventService = '__event__';

/**
 * Plans subscriptions, which the gateway refuses but its planner does not. It has a supergraph and a planner of its own,
 * because the gateway's are private.
 */
export function createPlanner(options: PlannerOptions): Planner {
  const { serviceMap, maxTokens: maxLexicalTokens } = options;
  const supergraph = Supergraph.build(options.supergraphSdl);
  const queryPlanner = new QueryPlanner(supergraph);
  const apiSchema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const rules = [...specifiedRules, queryDepthRule(options.maxDepth)];
  const logger = options.logger.child({}, { level: 'error' });
  const cache = createLruCache<string, Planned>(options.cacheSize);

  function validationErrors(document: DocumentNode): readonly GraphQLError[] {
    try {
      return validate(schema, document, rules);
    } catch {
      // graphql 16 throws instead of reporting when the root field of a subscription has @skip or @include by variable.
      return [rootDirectiveRefused()];
    }
  }

  function planSubscription(document: DocumentNode, operation: OperationDefinitionNode): Planned {
    const errors = validationErrors(document);
    if (errors.length > 0) return { kind: 'refused', errors: errors.map(asValidationError) };
    const node = subscriptionNode(document, operation);
    if (!node) return { kind: 'refused', errors: [rootDirectiveRefused()] };
    return { kind: 'subscription', plan: createPlan(document, operation, node) };
  }

  function subscriptionNode(document: DocumentNode, operation: OperationDefinitionNode): SubscriptionNode | undefined {
    const operationName = operation.name?.value;
    try {
      const planned = operationFromDocument(apiSchema, document, operationName === undefined ? {} : { operationName });
      const { node } = queryPlanner.buildQueryPlan(planned);
      return node?.kind === 'Subscription' ? node : undefined;
    } catch (error) {
      // With a constant @skip on the root field nothing is left to plan.
      logger.debug({ err: error }, 'subscription cannot be planned');
      return undefined;
    }
  }

  function createPlan(
    document: DocumentNode,
    operation: OperationDefinitionNode,
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
      coerce: (variables) => {
        const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
        return coerced ? { coerced } : { errors: errors.map((error) => asCoded(error, 'BAD_USER_INPUT')) };
      },
      complete: (event, variables, context) => {
        const services = { ...serviceMap, [eventService]: { process: async () => event as { data: Variables } } };
        // Of a gateway's request context the executor reads these four.
        const request = { request: { variables }, context, metrics: {}, logger } as unknown as Parameters<
          typeof executeQueryPlan
        >[2];
        return executeQueryPlan(eventPlan, services, request, operationContext, supergraphSchema, apiSchema);
      },
    };
  }

  function prepare(query: string, operationName: string | undefined): Planned {
    let document: DocumentNode;
    try {
      document = parse(query, { maxLexicalTokens });
    } catch (error) {
      return { kind: 'refused', errors: [asCoded(error, 'GRAPHQL_PARSE_FAILED')] };
    }
    const operation = getOperationAST(document, operationName);
    if (!operation) return { kind: 'refused', errors: [unknownOperation(operationName)] };
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return { kind: 'single' };
    // Only this operation and its fragments: others in the document neither count as different nor get planned.
    const own = separateOperations(document)[operation.name?.value ?? ''] ?? document;
    return planSubscription(own, operation);
  }

  return {
    plan(query, operationName) {
      const key = `${operationName ?? ''}\n${query}`;
      const known = cache.get(key);
      if (known) return known;
      const planned = prepare(query, operationName ?? undefined);
      cache.set(key, planned);
      return planned;
    },
  };
}

/** Variables in fragments are not counted: such an operation only shares less. */
function inFragments(document: DocumentNode): boolean {
  return document.definitions.some((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
}

function rootDirectiveRefused(): GraphQLError {
  return routerError(
    'GRAPHQL_VALIDATION_FAILED',
    'The subscription cannot be planned: its root field must not have @skip or @include.',
  );
}

function unknownOperation(name: string | undefined): GraphQLError {
  return routerError(
    'OPERATION_RESOLUTION_FAILURE',
    name === undefined
      ? 'The document has no operation, or several: say which by "operationName".'
      : `The document has no operation named "${name}".`,
  );
}

function asCoded(error: unknown, code: string): GraphQLError {
  if (!(error instanceof GraphQLError)) return routerError('GRAPHQL_PARSE_FAILED', 'The document cannot be read.');
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code },
  });
}

function asValidationError(error: GraphQLError): GraphQLError {
  return error.extensions['code'] === undefined ? asCoded(error, 'GRAPHQL_VALIDATION_FAILED') : error;
}
