import { GraphQLError } from 'graphql';
import { Pool } from 'undici';
import { routerSecretHeader, type Logger, type Unwanted } from '../../platform/server/index.ts';
import { cancelled, unavailable } from '../client-errors.ts';
import type { Metrics } from '../metrics.ts';
import { createBreaker, type BreakerOptions } from './breaker.ts';
import type { SubgraphAnswer } from './execution/answer.ts';
import type { SubgraphRequest } from './execution/execute.ts';
import { headerOf, identityOf, type Sender } from './header-rules.ts';
import type { Fetch } from './hooks.ts';
import type { RequestContext } from './request-context.ts';
import { createPost, type Posted } from './post.ts';
import { createRetry } from './retry.ts';
import { createSharing } from './sharing.ts';
import { parseAnswer } from './subgraph-answer.ts';

export interface SubgraphClient {
  url: URL;
  /** How long it may take to answer. */
  timeoutMs: number;
  /** Headers of a client that travel here: equal ones get equal answers. */
  identityOf(sender: Sender): Record<string, string>;
  /** Never rejects for want of an answer: the error says so. */
  ask(request: Fetch, context: Partial<RequestContext>): Promise<SubgraphAnswer>;
  /** `ok`, or what is wrong with the subgraph. */
  readiness(timeoutMs: number): Promise<string>;
  /** The subgraph rejected the router's secret: logged for the operator, but not for every request. */
  refused(): void;
  /**
   * Ends its connections once nothing is asked any more. Whoever asks afterwards has one for the time of the answer.
   * @param successor the same subgraph at another address: asked for what is read, where this one answers no more.
   */
  close(successor?: Pick<SubgraphClient, 'ask'>): Promise<void>;
}

export interface SubgraphClientOptions {
  name: string;
  url: URL;
  timeoutMs: number;
  connections: number;
  /** Names of headers that travel here. */
  headers: readonly string[];
  /** Of one answer. */
  maxAnswerBytes: number;
  /** Tells the subgraph that it is the router who asks. */
  secret?: string | undefined;
  breaker: Pick<BreakerOptions, 'failures' | 'openMs'>;
  metrics: Metrics;
  logger: Logger;
}

/** How often a fault is logged that lasts until an operator fixes it. */
const tellEveryMs = 60_000;

/** A subgraph's status for requests without its ROUTER_SECRET. */
export const forbidden = 403;

/**
 * Asks one subgraph. It never repeats a mutation: a client that got no answer repeats it with the same idempotency key.
 * A query is aborted when its client has gone.
 */
export function createSubgraphClient(options: SubgraphClientOptions): SubgraphClient {
  const { name, url, timeoutMs, metrics, logger } = options;
  let connections: ReturnType<typeof connect> | undefined;
  let asking = 0;
  let closing = false;
  let successor: Pick<SubgraphClient, 'ask'> | undefined;
  const path = `${url.pathname}${url.search}`;
  const sharing = createSharing<Posted>();
  const retry = createRetry(() => metrics.subgraphRetries.inc({ subgraph: name }));
  const breaker = createBreaker({
    ...options.breaker,
    onChange(isOpen) {
      metrics.subgraphCircuit.set({ subgraph: name }, isOpen ? 1 : 0);
      if (isOpen) logger.error({ subgraph: name }, 'subgraph fails again and again: only now and then it is asked');
      else logger.info({ subgraph: name }, 'subgraph answers again');
    },
  });
  metrics.subgraphCircuit.set({ subgraph: name }, 0);
  let toldAt = -Infinity;

  function refused(): void {
    if (performance.now() - toldAt < tellEveryMs) return;
    toldAt = performance.now();
    const here = options.secret ? 'set' : 'not set';
    logger.error({ subgraph: name, here }, 'subgraph refuses the router (403): both must have the same ROUTER_SECRET');
  }

  function connect() {
    const pool = new Pool(url.origin, { connections: options.connections, connectTimeout: timeoutMs });
    return { pool, post: createPost({ dispatcher: pool, path, timeoutMs, maxAnswerBytes: options.maxAnswerBytes }) };
  }

  async function withPool<Answer>(ask: (by: ReturnType<typeof connect>) => Promise<Answer>): Promise<Answer> {
    connections ??= connect();
    asking += 1;
    try {
      return await ask(connections);
    } finally {
      asking -= 1;
      if (closing) void closeIfIdle();
    }
  }

  async function closeIfIdle(): Promise<void> {
    if (asking > 0) return;
    const { pool } = connections ?? {};
    connections = undefined;
    await pool?.close();
  }

  /** The status of an answer whose body is discarded. */
  async function statusOf(method: 'GET' | 'HEAD', of: string, withinMs: number): Promise<number> {
    const headers = options.secret ? { [routerSecretHeader]: options.secret } : {};
    return withPool(async ({ pool }) => {
      const response = await pool.request({ path: of, method, headers, signal: AbortSignal.timeout(withinMs) });
      await response.body.dump();
      return response.statusCode;
    });
  }

  /** @throws {GraphQLError} SERVICE_UNAVAILABLE when there is no whole answer. */
  async function send(
    type: SubgraphRequest['type'],
    body: string,
    context: Partial<RequestContext>,
    unwanted?: Unwanted,
  ): Promise<Posted> {
    if (unwanted?.aborted) throw cancelled();
    const attempt = breaker.enter();
    if (!attempt) {
      metrics.subgraphRequests.inc({ subgraph: name, outcome: 'not asked' });
      throw notAsked;
    }
    const startedAt = performance.now();
    const headers = requestHeaders(options, context);
    const work = () =>
      withPool(({ post }) => post(body, headers, unwanted, timeoutMs - (performance.now() - startedAt)));
    try {
      const posted = await (type === 'query' ? retry(work) : work());
      attempt(isPage(posted) ? 'failed' : 'answered');
      metrics.subgraphRequests.inc({ subgraph: name, outcome: String(posted.status) });
      metrics.subgraphDuration.observe({ subgraph: name }, (performance.now() - startedAt) / 1_000);
      return posted;
    } catch (error) {
      metrics.subgraphRequests.inc({ subgraph: name, outcome: unwanted?.aborted ? 'cancelled' : 'unreachable' });
      attempt(unwanted?.aborted ? 'given up' : 'failed');
      if (unwanted?.aborted) throw cancelled();
      const level = successor ? 'info' : 'warn';
      logger[level]({ subgraph: name, correlationId: context.correlationId, err: error }, 'subgraph does not answer');
      throw unavailable();
    }
  }

  /**
   * Equal queries on behalf of the same viewer share a request while it is under way, unless a mutation has been
   * answered since it began.
   */
  function sendShared(type: SubgraphRequest['type'], body: string, context: Partial<RequestContext>): Promise<Posted> {
    const { unwanted, epoch } = context;
    if (type !== 'query' || epoch === undefined) return send(type, body, context, unwanted);
    const key = `${epoch} ${JSON.stringify(identityOf(options.headers, context))}\n${body}`;
    return sharing.join(key, (nobodyWaits) => send(type, body, context, nobodyWaits), unwanted);
  }

  return {
    async ask(fetch, context) {
      const { type, body, extensions, traceparent } = fetch;
      try {
        const { status, text } = await sendShared(type, `${body}${withExtensions(extensions)}}`, {
          ...context,
          traceparent,
        });
        const answer = parseAnswer(text);
        if (answer) {
          return answer;
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
        // What began before a subgraph moved may go on after its old address is gone.
        if (successor && type === 'query' && !context.unwanted?.aborted) return successor.ask(fetch, context);
        return { errors: [{ ...error.toJSON(), message: messageFor(error, type, context) }] };
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
        // One that has no such page is there when it answers at all, and where it is asked.
        if (health >= 500) return `answers ${health} at /readyz`;
        if (door === 404) return `answers 404 at ${path}`;
        return door === forbidden ? 'refuses the router: is ROUTER_SECRET the same at both?' : 'ok';
      } catch {
        return 'does not answer';
      }
    },
    url,
    timeoutMs,
    identityOf: (sender) => identityOf(options.headers, sender),
    refused,
    close(moved) {
      closing = true;
      successor = moved;
      return closeIfIdle();
    },
  };
}

/** What failed before is not asked again so soon. */
const notAsked = unavailable();

/** A proxy's page, or nothing: no answer of the subgraph. */
const isPage = ({ text }: Posted) => !/^\s*\{/.test(text);

/** Names and values in turn, as undici takes them without another look. */
function requestHeaders(
  { headers: names, secret }: Pick<SubgraphClientOptions, 'headers' | 'secret'>,
  sender: Sender,
): string[] {
  const headers = ['content-type', 'application/json', 'accept', 'application/json'];
  if (secret) headers.push(routerSecretHeader, secret);
  for (const name of names) {
    const value = headerOf(name, sender);
    if (value) headers.push(name, value);
  }
  return headers;
}

/** The end of a body. */
function withExtensions(extensions: Fetch['extensions']): string {
  for (const _any in extensions) return `,"extensions":${JSON.stringify(extensions)}`;
  return '';
}

/** What a client should know when there is no answer: with a mutation, what became of it. */
function messageFor(error: GraphQLError, type: SubgraphRequest['type'], { isMutation }: Partial<RequestContext>) {
  if (!isMutation) return error.message;
  if (type === 'mutation' && error === notAsked)
    return `${error.message} This was not sent to it: nothing has changed.`;
  return type === 'mutation'
    ? 'A service did not answer. Whether the change was made is not known: send it again with the same idempotency key.'
    : 'The mutation was carried out, and what it decided stands, but a part of the answer cannot be read now. ' +
        'Send it again with the same idempotency key to read it: nothing is done twice.';
}
