import {
  authScope,
  type OperationLabel,
  type Receiver,
  type Tracing,
  type Viewer,
} from '../../platform/server/index.ts';
import { tokenExpired, type ErrorFormatter } from '../client-errors.ts';
import { webSocketUrl, type RouterSettings } from '../config.ts';
import type { Metrics } from '../metrics.ts';
import type { SubgraphClient } from '../gateway/subgraph-client.ts';
import { beginningOf, groupKey } from './group-key.ts';
import { createGroup, type Group, type Member } from './group.ts';
import type { Variables } from '../documents/variables.ts';
import type { SubscriptionPlan } from './planner.ts';
import { placeGiven, type Place } from './resumable.ts';
import { isFromNow } from './upstream-operation.ts';

export interface SubscriptionRequest {
  plan: SubscriptionPlan;
  /** As the operation takes them: coerced. */
  variables: Variables;
  /** The cursor that the client goes on after, when it says so beside its operation. */
  cursor: unknown;
  viewer: Viewer | null;
  authorization: string | undefined;
}

export interface SubscriptionHub {
  /**
   * @returns how to leave.
   * @throws a client error BAD_USER_INPUT when the subscription cannot go on after the cursor.
   */
  join(request: SubscriptionRequest, receiver: Receiver): { leave(): void };
  close(): void;
}

export interface HubOptions {
  settings: RouterSettings;
  urls: Readonly<Record<string, URL>>;
  clientOf(subgraph: string): Pick<SubgraphClient, 'refused'>;
  formatError: ErrorFormatter;
  metrics: Metrics;
  tracing: Tracing;
  labelOf: OperationLabel;
}

/** The longest timer of Node (2^31 − 1 ms, about 25 days). */
const maxTimerMs = 2_147_483_647;

/** All subscriptions of this router, each client in the group of those that see the same. */
export function createSubscriptionHub(options: HubOptions): SubscriptionHub {
  const { metrics } = options;
  /** Groups that differ only in where they stand. */
  const families = new Map<string, Set<Group>>();
  const groupOf = new Map<Member, Group>();

  function open(key: string, plan: SubscriptionPlan, variables: Variables, after: Place): Group {
    const family = families.get(key) ?? new Set();
    const group = createGroup({
      ...groupSettings(options, plan.subgraph),
      plan,
      variables,
      after,
      delivered: (delivered) => merge(family, delivered),
      ended: (ended) => {
        family.delete(ended);
        if (family.size === 0 && families.get(key) === family) families.delete(key);
      },
    });
    families.set(key, family.add(group));
    return group;
  }

  // Clients that began after different cursors see the same once they have reached the same one.
  function merge(family: ReadonlySet<Group>, group: Group): void {
    if (family.size < 2 || group.position === undefined || group.ending) return;
    for (const other of family) {
      if (other === group || other.ending || other.position !== group.position) continue;
      // Keep the group that began without a cursor: new clients can join it.
      const [from, to] = group.fromNow ? [other, group] : [group, other];
      if (from.delivering) continue;
      for (const member of from.moveTo(to)) groupOf.set(member, to);
      return;
    }
  }

  function seat(group: Group, viewer: Viewer | null, authorization: string | undefined, receiver: Receiver) {
    const expiresAtMs = viewer?.expiresAtMs ?? null;
    let expiry: NodeJS.Timeout | undefined;
    const leave = () => {
      clearTimeout(expiry);
      const current = groupOf.get(member);
      if (!current) return;
      groupOf.delete(member);
      metrics.subscriptions.dec();
      current.remove(member);
    };
    const endAs = (tell: () => void) => {
      if (!groupOf.has(member)) return;
      leave();
      tell();
    };
    const member: Member = {
      authorization,
      expiresAtMs,
      next: (payload, place) => receiver.next(payload, place),
      error: (errors) => endAs(() => receiver.error(errors)),
      complete: () => endAs(() => receiver.complete()),
    };
    groupOf.set(member, group);
    metrics.subscriptions.inc();
    group.add(member);
    if (expiresAtMs !== null) {
      expiry = setTimeout(
        () => member.error([tokenExpired().toJSON()]),
        Math.min(maxTimerMs, expiresAtMs - Date.now()),
      );
    }
    return { leave };
  }

  return {
    join({ plan, variables, cursor, viewer, authorization }, receiver) {
      const key = groupKey(plan, variables, authScope(viewer));
      const after =
        cursor === undefined || cursor === null
          ? beginningOf(plan, variables)
          : placeGiven(plan.upstream.resume?.resumable, cursor);
      const group = joinable(families.get(key), after) ?? open(key, plan, variables, after);
      return seat(group, viewer, authorization, receiver);
    },
    close() {
      for (const family of [...families.values()]) for (const group of [...family]) group.close();
    },
  };
}

/** The group in which a client that begins here misses nothing and gets nothing twice. */
function joinable(family: ReadonlySet<Group> | undefined, after: Place): Group | undefined {
  for (const group of family ?? []) {
    if (group.ending) continue;
    if (isFromNow(after) ? group.fromNow : group.position === after) return group;
  }
  return undefined;
}

function groupSettings(
  { settings, urls, clientOf, formatError, metrics, tracing, labelOf }: HubOptions,
  subgraph: string,
) {
  const url = urls[subgraph];
  if (!url) throw new Error(`No address is known for the subgraph ${subgraph}.`);
  return {
    upstream: {
      url: webSocketUrl(url),
      connectTimeoutMs: settings.SUBGRAPH_TIMEOUT_MS,
      pingIntervalMs: settings.PING_INTERVAL_MS,
      maxAnswerBytes: settings.MAX_ANSWER_BYTES,
      secret: settings.ROUTER_SECRET[0],
      refused: () => clientOf(subgraph).refused(),
    },
    resume: {
      backoffMs: settings.RESUME_BACKOFF_MS,
      backoffMaxMs: settings.RESUME_BACKOFF_MAX_MS,
      timeoutMs: settings.RESUME_TIMEOUT_MS,
    },
    queueLimit: settings.SUBSCRIPTION_QUEUE_LIMIT,
    formatError,
    metrics,
    tracing,
    labelOf,
  };
}
