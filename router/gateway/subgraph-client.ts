import type { GraphQLDataSource } from '@apollo/gateway';
import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  type DocumentNode,
  type GraphQLFormattedError,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { Pool } from 'undici';
import type { SubgraphName } from '../../schema/subgraphs.ts';
import { routerSecretHeader, type Logger } from '../../platform/server/index.ts';
import { cancelled, unavailable } from '../client-errors.ts';
import type { Metrics } from '../metrics.ts';
import type { RequestContext } from './request-context.ts';
import { extensionsOf, noteSeen } from './seen.ts';
import { errorsIn, isObject } from './subgraph-errors.ts';

export interface SubgraphClient extends GraphQLDataSource {
  /** `ok`, or what is wrong with the subgraph. */
  readiness(timeoutMs: number): Promise<string>;
  /** The subgraph rejected the router's secret: logged for the operator, but not for every request. */
  refused(): void;
  close(): Promise<void>;
}

export interface SubgraphClientOptions {
  name: SubgraphName;
  url: URL;
  timeoutMs: number;
  connections: number;
  /** Of one answer. */
  maxAnswerBytes: number;
  /** Tells the subgraph that it is the router who asks. */
  secret?: string | undefined;
  metrics: Metrics;
  logger: Logger;
}

/** How often a fault is logged that lasts until an operator fixes it. */
const tellEveryMs = 60_000;

/** A subgraph's status for requests without its ROUTER_SECRET. */
export const forbidden = 403;

interface GraphQLAnswer {
  extensions?: Record<string, unknown>;
  data?: Record<string, unknown> | null;
  errors?: GraphQLFormattedError[];
}

/** The gateway asks for schemas too when it composes them itself; this one is given a composed one. */
type Operation = Extract<Parameters<GraphQLDataSource['process']>[0], { document?: unknown }>;

/**
 * The gateway's data source for one subgraph. It never retries: a client whose mutation got no answer repeats it with
 * the same idempotency key. A query is aborted when its client has gone.
 */
export function createSubgraphClient(options: SubgraphClientOptions): SubgraphClient {
  const { name, url, timeoutMs, metrics, logger } = options;
  const pool = new Pool(url.origin, { connections: options.connections, connectTimeout: timeoutMs });
  const path = `${url.pathname}${url.search}`;
  let toldAt = -Infinity;

  function refused(): void {
    if (performance.now() - toldAt < tellEveryMs) return;
    toldAt = performance.now();
    const here = options.secret ? 'set' : 'not set';
    logger.error({ subgraph: name, here }, 'subgraph refuses the router (403): both must have the same ROUTER_SECRET');
  }

  /** The status of an answer whose body is discarded. */
  async function statusOf(method: 'GET' | 'HEAD', of: string, withinMs: number): Promise<number> {
    const headers = options.secret ? { [routerSecretHeader]: options.secret } : {};
    const response = await pool.request({ path: of, method, headers, signal: AbortSignal.timeout(withinMs) });
    await response.body.dump();
    return response.statusCode;
  }

  /** @throws {GraphQLError} SERVICE_UNAVAILABLE when there is no whole answer. */
  async function send(body: string, context: Partial<RequestContext>): Promise<{ status: number; text: string }> {
    const { unwanted } = context;
    if (unwanted?.aborted) throw cancelled();
    const late = AbortSignal.timeout(timeoutMs);
    const stop = metrics.subgraphDuration.startTimer({ subgraph: name });
    try {
      const response = await pool.request({
        path,
        method: 'POST',
        headers: requestHeaders(context, options.secret),
        body,
        signal: unwanted ? AbortSignal.any([unwanted, late]) : late,
      });
      metrics.subgraphRequests.inc({ subgraph: name, outcome: String(response.statusCode) });
      const text = await readAnswer(response.body, options.maxAnswerBytes);
      stop();
      return { status: response.statusCode, text };
    } catch (error) {
      metrics.subgraphRequests.inc({ subgraph: name, outcome: unwanted?.aborted ? 'cancelled' : 'unreachable' });
      if (unwanted?.aborted) throw cancelled();
      logger.warn({ subgraph: name, correlationId: context.correlationId, err: error }, 'subgraph does not answer');
      throw unavailable();
    }
  }

  return {
    async process(given) {
      const operation = given as Operation;
      const context = operation.context as Partial<RequestContext>;
      const { query, variables, operationName } = operation.request;
      try {
        const body = JSON.stringify({ query, variables, operationName, ...extensionsOf(context) });
        const { status, text } = await send(body, context);
        const answer = parseAnswer(text);
        if (answer) {
          const { extensions, ...rest } = answer;
          noteSeen(context, extensions);
          return withPaths(rest, operation);
        }
        if (status === forbidden) {
          refused();
          throw unavailable();
        }
        // A proxy's page, half an answer: in any case not the subgraph's own answer.
        const { correlationId } = context;
        logger.error({ subgraph: name, correlationId, status }, 'subgraph gave no GraphQL answer');
        throw unavailable();
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
        return withPaths({ errors: [{ ...error.toJSON(), message: messageFor(error.message, operation) }] }, operation);
      }
    },
    async readiness(withinMs) {
      try {
        // It is healthy, but may still reject this router's secret.
        const [health, door] = await Promise.all([
          statusOf('GET', '/readyz', withinMs),
          statusOf('HEAD', path, withinMs),
        ]);
        if (door === forbidden) refused();
        if (health !== 200) return `answers ${health}`;
        return door === forbidden ? 'refuses the router: is ROUTER_SECRET the same at both?' : 'ok';
      } catch {
        return 'does not answer';
      }
    },
    refused,
    close: () => pool.close(),
  };
}

function requestHeaders(context: Partial<RequestContext>, secret: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (secret) headers[routerSecretHeader] = secret;
  if (context.authorization) headers['authorization'] = context.authorization;
  if (context.correlationId) headers['x-correlation-id'] = context.correlationId;
  if (context.traceparent) headers['traceparent'] = context.traceparent;
  return headers;
}

/** @throws {Error} when the body is longer than `maxAnswerBytes`. */
async function readAnswer(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`The answer is longer than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

/** The GraphQL answer, whatever HTTP status it came with: subgraphs send 401 and 503 with a body of errors. */
function parseAnswer(text: string): GraphQLAnswer | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(answer)) return undefined;
  const { data = null, extensions } = answer;
  const errors = errorsIn(answer['errors']);
  if (!errors || (data !== null && !isObject(data))) return undefined;
  // Neither data nor an error is no answer.
  if (data === null && errors.length === 0) return undefined;
  return {
    ...('data' in answer ? { data } : {}),
    ...(errors.length > 0 ? { errors } : {}),
    ...(isObject(extensions) ? { extensions } : {}),
  };
}

/** What a client should know when there is no answer: with a mutation, what became of it. */
function messageFor(message: string, { request, incomingRequestContext }: Operation): string {
  // Events of subscriptions are completed without one.
  const { operation } = incomingRequestContext as { operation?: OperationDefinitionNode };
  if (operation?.operation !== OperationTypeNode.MUTATION) return message;
  return isMutation(request.query)
    ? 'A service did not answer. Whether the change was made is not known: send it again with the same idempotency key.'
    : 'The mutation was carried out, and what it decided stands, but a part of the answer cannot be read now. ' +
        'Send it again with the same idempotency key to read it: nothing is done twice.';
}

const isMutation = (query: string | undefined) => query?.trimStart().startsWith('mutation') ?? false;

/** At how many list positions the same error is repeated. */
const mostPaths = 10;

/** Errors that concern a whole request, at the fields that it was sent for. */
function withPaths(answer: GraphQLAnswer, { request, document }: Operation): GraphQLAnswer {
  if (!answer.errors?.some(({ path }) => path === undefined)) return answer;
  const fields = fieldsOf(request.query, document);
  const representations: unknown = request.variables?.['representations'];
  const places = Array.isArray(representations)
    ? representations.flatMap((_, index) => fields.map((field) => ['_entities', index, field]))
    : fields.map((field) => [field]);
  const paths = places.slice(0, mostPaths);
  const errors = answer.errors.flatMap((error) =>
    error.path === undefined && paths.length > 0 ? paths.map((path) => ({ ...error, path })) : [error],
  );
  return { ...answer, errors };
}

/** The names, in the answer, of what is asked: at the root, or of each entity. */
function fieldsOf(query: string | undefined, document: DocumentNode | undefined): string[] {
  const { definitions } = document ?? parse(query ?? '', { noLocation: true });
  const fragments = new Map(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition.selectionSet] as const] : [],
    ),
  );
  const names = ({ selections }: SelectionSetNode): string[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return names(selection.selectionSet);
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        return fragment ? names(fragment) : [];
      }
      if (selection.name.value === '_entities' && selection.selectionSet) return names(selection.selectionSet);
      return selection.name.value === '__typename' ? [] : [selection.alias?.value ?? selection.name.value];
    });
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operation ? [...new Set(names(operation.selectionSet))] : [];
}
