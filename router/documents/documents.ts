import {
  getNamedType,
  getOperationAST,
  GraphQLError,
  GraphQLFloat,
  Kind,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type FloatValueNode,
  type IntValueNode,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';
import { createLruCache } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';
import { conditionsOf, fragmentsOf } from './conditions.ts';
import { createAuthorize, grantsOf, type GrantClaims } from './authorization.ts';
import type { CheckedOperation } from './checked-operation.ts';
import { createCost, type AskedList } from './cost.ts';
import { deferRules, withoutDefer, type DeferringOperation } from './defer.ts';
import type { Graph } from './graph.ts';
import { separateNames, type SeparatedDocument } from './response-names.ts';
import { createPersistedDocuments, hashOf, type NamedDocument, type PersistedDocuments } from './persisted.ts';
import { refuseNesting, refuseShape, type ShapeLimits } from './shape.ts';
import { coerceVariables, maxErrors, refuseNulls, type Variables } from './variables.ts';

export type { CheckedOperation } from './checked-operation.ts';

/** What a client sends, over any transport. */
export interface OperationRequest extends NamedDocument {
  operationName?: string | null | undefined;
  variables?: Variables | null | undefined;
}

/** Why an operation is not run. */
export interface Refused {
  errors: readonly GraphQLError[];
  /** Of an answer over HTTP; 400 if absent. */
  status?: number;
}

/** An operation that may be run, with what it is given. */
export interface Valid {
  operation: CheckedOperation;
  operationName: string | undefined;
  coerced: Variables;
  cost: number;
  /** For the answer, when the client asked for them. */
  extensions: { cost: { estimated: number; limit: number } } | undefined;
}

export type Checked = Valid | Refused;

/** Who asks. */
export interface Asking {
  /** Their `Bearer` token, which has been verified. */
  authorization: string | undefined;
}

export interface DocumentLimits extends ShapeLimits {
  maxBytes: number;
  maxCost: number;
  cacheBytes: number;
  claims: GrantClaims;
  /** Whether clients may ask what the schema is. */
  introspection: boolean;
}

/** The one way in for the document of every operation, before anything else looks at it. */
export interface Documents {
  /** The operation of a valid document, whatever its variables and whoever asks. */
  operationOf(query: string, name: string | undefined): { operation: CheckedOperation } | Refused;
  check(request: OperationRequest, asking: Asking): Checked;
}

interface KnownDocument extends SeparatedDocument, Pick<CheckedOperation, 'fragments' | 'conditions'> {
  /** With `@defer`, if it has one. */
  deferring: Omit<DeferringOperation, 'operation'> | undefined;
  textBytes: number;
  /** Those that were asked for, by the name in the request. */
  operations: Map<string | undefined, CheckedOperation>;
}

/** Bytes of memory that a parsed document without locations takes per byte of its text (measured: 15 to 97). */
const memoryPerByte = 100;

export function createDocuments(
  graph: Graph,
  limits: DocumentLimits,
  persisted: PersistedDocuments = createPersistedDocuments({ manifest: undefined, mode: 'allow', learnedBytes: 0 }),
): Documents {
  const { schema } = graph;
  const costOf = createCost(graph);
  const authorize = createAuthorize(graph);
  const rules = [
    ...specifiedRules,
    ...deferRules,
    refuseInfinity,
    ...(limits.introspection ? [] : [refuseIntrospection]),
  ];
  // A suggestion would tell of the schema what introspection must not.
  const hideSuggestions = !limits.introspection;
  const known = createLruCache<string, KnownDocument>(limits.cacheBytes, ({ textBytes }) => textBytes * memoryPerByte);

  function read(query: string): KnownDocument | { errors: readonly GraphQLError[] } {
    const textBytes = query.length > limits.maxBytes ? query.length : Buffer.byteLength(query);
    if (textBytes > limits.maxBytes) {
      const message = `The document is longer than ${limits.maxBytes} bytes.`;
      return refused(routerError('QUERY_TOO_COMPLEX', message));
    }
    let parsed: DocumentNode;
    try {
      const nested = refuseNesting(query, limits);
      if (nested) return refused(nested);
      parsed = parse(query);
    } catch (error) {
      return refused(asCoded(error, 'GRAPHQL_PARSE_FAILED'));
    }
    const misshapen = refuseShape(parsed, limits) ?? refuseRootConditions(parsed);
    if (misshapen) return refused(misshapen);
    const errors = validate(schema, parsed, rules, { maxErrors, hideSuggestions });
    if (errors.length > 0) return { errors: errors.map((error) => asCoded(error, 'GRAPHQL_VALIDATION_FAILED')) };
    // Locations are for errors; they keep every token of the text.
    const separated = separateNames(query, parse(query, { noLocation: true }), graph);
    const { document } = separated;
    const known = { ...separated, textBytes, fragments: fragmentsOf(document), conditions: conditionsOf(document) };
    const plain = withoutDefer(document);
    const operations = new Map<string | undefined, CheckedOperation>();
    if (!plain) return { ...known, operations, deferring: undefined };
    return { ...known, operations, document: plain, fragments: fragmentsOf(plain), deferring: known };
  }

  function operationOf(query: string, name: string | undefined): { operation: CheckedOperation } | Refused {
    const found = known.get(query);
    const document = found ?? read(query);
    if ('errors' in document) return document;
    // A refused document is not cached: it would take the place of a valid one.
    if (!found) known.set(query, document);
    const before = document.operations.get(name);
    if (before) return { operation: before };
    const operation = getOperationAST(document.document, name);
    if (!operation) return refused(unknownOperation(name));
    const written = document.deferring && getOperationAST(document.deferring.document, name);
    const checked: CheckedOperation = {
      key: JSON.stringify([hashOf(query), operation.name?.value ?? null]),
      query,
      name,
      document: document.document,
      operation,
      fragments: document.fragments,
      conditions: document.conditions,
      deferring: document.deferring && written ? { ...document.deferring, operation: written } : undefined,
      nameOf: document.nameOf,
      variablesOf: document.variablesOf,
    };
    document.operations.set(name, checked);
    return { operation: checked };
  }

  return {
    operationOf,
    check(request, { authorization }) {
      const { operationName, variables, extensions: wanted } = request;
      const text = persisted.textOf(request);
      if ('errors' in text) return text;
      // Clients send an empty name for none.
      const name = operationName || undefined;
      const found = operationOf(text.query, name);
      if ('errors' in found) return found;
      persisted.learn(request);
      const { document, operation, fragments } = found.operation;
      const given = found.operation.variablesOf(variables ?? {});
      const coercion = coerceVariables(schema, operation, given, hideSuggestions);
      if ('errors' in coercion) return { errors: coercion.errors.map((error) => withNames(error, found.operation)) };
      const written = found.operation.deferring ?? { document, operation };
      const misplaced = refuseNulls(schema, written.document, written.operation, coercion.coerced);
      if (misplaced) return refused(withNames(misplaced, found.operation));
      const unauthorized =
        authorize?.(operation, fragments, coercion.coerced, grantsOf(authorization, limits.claims)) ?? [];
      if (unauthorized.length > 0) return { errors: unauthorized, status: 403 };
      const estimated = costOf(operation, fragments, coercion.coerced);
      if (estimated instanceof GraphQLError) return refused(estimated);
      const cost = Math.ceil(estimated.cost);
      if (cost > limits.maxCost) return refused(tooComplex(cost, limits.maxCost, estimated.longest));
      const extensions = wanted?.['cost'] === true ? { cost: { estimated: cost, limit: limits.maxCost } } : undefined;
      return { operation: found.operation, operationName: name, coerced: coercion.coerced, cost, extensions };
    },
  };
}

/**
 * A number that no Float holds (GraphQL specification, "Float": a request error). graphql 16 reads it as infinity, which
 * as a variable of a subgraph's request would be null.
 */
const refuseInfinity: ValidationRule = (context) => {
  const check = (node: FloatValueNode | IntValueNode) => {
    const type = getNamedType(context.getInputType());
    if (type !== GraphQLFloat || Number.isFinite(Number(node.value))) return;
    context.reportError(
      new GraphQLError(`Float cannot represent a number of this size: ${node.value}`, { nodes: node }),
    );
  };
  return { FloatValue: check, IntValue: check };
};

/** `__typename` tells nothing that an answer does not. */
const refuseIntrospection: ValidationRule = (context) => ({
  Field(node) {
    if (node.name.value !== '__schema' && node.name.value !== '__type') return;
    const message = `The schema is not told here (${node.name.value}): introspection is off.`;
    context.reportError(new GraphQLError(message, { nodes: node }));
  },
});

/** An error about variables, under the names that the client gave them. */
function withNames({ message, extensions }: GraphQLError, { nameOf }: CheckedOperation): GraphQLError {
  return new GraphQLError(
    message.replace(/\$(\w+)/g, (_whole, name: string) => `$${nameOf(name)}`),
    { extensions },
  );
}

const refused = (error: GraphQLError) => ({ errors: [error] });

function tooComplex(cost: number, limit: number, longest: AskedList | undefined): GraphQLError {
  const told = `The operation asks for too much at once: it costs ${cost}, at most ${limit} is allowed.`;
  if (!longest) return routerError('QUERY_TOO_COMPLEX', `${told} Ask for less of each item.`);
  const { field, argument, items, expected } = longest;
  const most = expected !== undefined && items > expected ? `, where ${expected} is the most` : '';
  return routerError(
    'QUERY_TOO_COMPLEX',
    `${told} Ask for shorter lists, or for less of each item; the longest is ${field}(${argument}: ${items})${most}.`,
  );
}

/**
 * A subscription always has exactly one root field (GraphQL specification, "Single root field"). On `@include` or
 * `@skip` there graphql 16 throws instead of reporting an error, and the planner would have nothing to plan.
 */
function refuseRootConditions(document: DocumentNode): GraphQLError | undefined {
  const fragments = fragmentsOf(document);
  const seen = new Set<string>();
  const conditional = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.directives?.some(({ name }) => name.value === 'skip' || name.value === 'include')) return true;
      if (selection.kind === Kind.FIELD) return false;
      if (selection.kind === Kind.INLINE_FRAGMENT) return conditional(selection.selectionSet);
      const fragment = seen.has(selection.name.value) ? undefined : fragments.get(selection.name.value);
      seen.add(selection.name.value);
      return fragment !== undefined && conditional(fragment.selectionSet);
    });
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (definition.operation !== OperationTypeNode.SUBSCRIPTION || !conditional(definition.selectionSet)) continue;
    const message = 'The root field of a subscription must not have @skip or @include.';
    return new GraphQLError(message, { nodes: [definition], extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
  }
  return undefined;
}

function unknownOperation(name: string | undefined): GraphQLError {
  return routerError(
    'OPERATION_RESOLUTION_FAILURE',
    name === undefined
      ? 'The document has no operation, or several: say which by "operationName".'
      : `The document has no operation named "${name}".`,
  );
}

/** The error as it was, under a code of ours unless it has one. */
function asCoded(error: unknown, code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED'): GraphQLError {
  if (!(error instanceof GraphQLError)) return routerError(code, 'The document cannot be read.');
  const { message, nodes, source, positions, extensions } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code, ...extensions },
  });
}
