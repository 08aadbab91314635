import type { GraphQLFormattedError } from 'graphql';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';
import { unavailable } from '../client-errors.ts';
import { webSocketUrl } from '../supergraph/addresses.ts';
import type { Metrics } from '../metrics.ts';
import type { Variables } from '../documents/variables.ts';
import type { SubscriptionPlan } from './planner.ts';
import type { Place } from './resumable.ts';
import { isFromNow, placeAfter } from './upstream-operation.ts';
import { openUpstream, type Upstream, type UpstreamSettings } from './upstream.ts';

/** How a subscription ended. */
export type Ending = { kind: 'complete' } | { kind: 'errors'; errors: readonly GraphQLFormattedError[] };

/** A group's subscription at the owner, across as many upstreams as it takes. */
export interface Connection {
  /**
   * Goes on with another plan of the same operation: at the same place, where the owner is asked something else or is
   * elsewhere.
   * @returns whether it can, without a gap.
   */
  replan(plan: SubscriptionPlan, variables: Variables): boolean;
  pause(): void;
  resume(): void;
  close(): void;
}

export interface ConnectionOptions {
  plan: SubscriptionPlan;
  variables: Variables;
  after: Place;
  upstream: Omit<UpstreamSettings, 'url' | 'refused' | 'connectTimeoutMs'>;
  resume: { backoffMs: number; backoffMaxMs: number; timeoutMs: number };
  /** The token to authenticate with, now. */
  authorization(): string | undefined;
  /** Headers of its clients, all alike. */
  headers: Readonly<Record<string, string>>;
  metrics: Metrics;
  next(result: SubgraphAnswer): void;
  end(ending: Ending): void;
}

/**
 * Resumes a lost upstream after the last cursor received: no gap, no repeat. Without a cursor it cannot rule out missed
 * changes, so the subscription ends with an error.
 */
export function createConnection(options: ConnectionOptions): Connection {
  const { resume, metrics } = options;
  let { plan, variables } = options;
  let place = options.after;
  let upstream: Upstream | undefined;
  let spokenWith: string | undefined;
  let established = false;
  let lostAt: number | undefined;
  let connectedAt: number | undefined;
  let attempts = 0;
  let timer: NodeJS.Timeout | undefined;

  const fail = (error = unavailable()) => options.end({ kind: 'errors', errors: [error.toJSON()] });
  const isResumable = () => established && plan.upstream.resume !== undefined && !isFromNow(place);

  function connect(): void {
    spokenWith = options.authorization();
    const { query, operationName, resume: point } = plan.upstream;
    const given = plan.upstreamVariables(variables);
    if (point && place !== undefined) given[point.variable] = JSON.parse(place);
    upstream = openUpstream(
      {
        ...options.upstream,
        url: webSocketUrl(plan.owner.url),
        connectTimeoutMs: plan.owner.timeoutMs,
        refused: () => plan.owner.refused(),
        query,
        operationName,
        variables: given,
        identity: plan.owner.identityOf({ authorization: spokenWith, headers: options.headers }),
      },
      {
        connected: () => {
          established = true;
          connectedAt = performance.now();
        },
        next: (result) => {
          recovered();
          place = placeAfter(plan.upstream, result, place);
          options.next(result);
        },
        complete: () => options.end({ kind: 'complete' }),
        error: onErrors,
        lost: onLost,
      },
    );
  }

  function recovered(): void {
    lostAt = undefined;
    attempts = 0;
  }

  function onLost(): void {
    // Only a connection that lasts is a recovery: a feed that fails on its next event would be reconnected for ever.
    if (connectedAt !== undefined && performance.now() - connectedAt > resume.backoffMaxMs) recovered();
    connectedAt = undefined;
    if (!isResumable()) return fail(unavailable('The connection to a service was lost. Subscribe again.'));
    lostAt ??= performance.now();
    if (performance.now() - lostAt > resume.timeoutMs) return fail();
    const delayMs = Math.min(resume.backoffMaxMs, resume.backoffMs * 2 ** attempts);
    attempts += 1;
    metrics.resumes.inc();
    // Jitter: not all routers and groups reconnect to a restarted subgraph in the same moment.
    timer = setTimeout(connect, delayMs * (0.5 + Math.random() / 2));
  }

  function onErrors(errors: readonly GraphQLFormattedError[]): void {
    const isTokenRefused = errors.some((error) => error.extensions?.['code'] === 'UNAUTHENTICATED');
    // The token that opened the upstream has expired, but another client's is still valid: reconnect with that one.
    const isReplaceable = established && options.authorization() !== spokenWith;
    if (isTokenRefused && isReplaceable) return isResumable() ? connect() : fail(unavailable('Subscribe again.'));
    // An owner that just starts may not have its own servers yet: as good as lost.
    if (isResumable() && errors.some((error) => error.extensions?.['code'] === 'SERVICE_UNAVAILABLE')) return onLost();
    options.end({ kind: 'errors', errors: errors.length > 0 ? errors : [unavailable().toJSON()] });
  }

  function replan(next: SubscriptionPlan, nextVariables: Variables): boolean {
    const isSame = isSameUpstream([plan, variables], [next, nextVariables]);
    const canMove = !established || (isResumable() && next.upstream.resume !== undefined);
    if (!isSame && !canMove) return false;
    plan = next;
    variables = nextVariables;
    if (isSame) return true;
    clearTimeout(timer);
    upstream?.close();
    connect();
    return true;
  }

  connect();
  return {
    replan,
    pause: () => upstream?.pause(),
    resume: () => upstream?.resume(),
    close: () => {
      clearTimeout(timer);
      upstream?.close();
    },
  };
}

type Asked = [plan: SubscriptionPlan, variables: Variables];

/** Whether the same owner is asked for the same. */
function isSameUpstream([plan, variables]: Asked, [next, nextVariables]: Asked): boolean {
  return (
    plan.owner.url.href === next.owner.url.href &&
    plan.upstream.query === next.upstream.query &&
    JSON.stringify(plan.upstreamVariables(variables)) === JSON.stringify(next.upstreamVariables(nextVariables))
  );
}
