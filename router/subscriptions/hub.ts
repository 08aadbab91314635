import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IncomingHttpHeaders } from 'node:http';
import {
  authScope,
  type OperationLabel,
  type Receiver,
  type Tracing,
  type Viewer,
} from '../../platform/server/index.ts';
import { schemaReloaded, tokenExpired, type ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import type { HeaderRules } from '../gateway/header-rules.ts';
import type { Metrics } from '../metrics.ts';
import { callAt } from './call-at.ts';
import { beginningOf, groupKey } from './group-key.ts';
import { createGroup, type Group, type GroupOptions, type Member } from './group.ts';
import type { Variables } from '../documents/variables.ts';
import { placeGiven, type Place } from './resumable.ts';
import { isFromNow } from './upstream-operation.ts';
import type { SubscriptionPlan, SubscriptionPlanner } from './planner.ts';
import type { Documents, Valid } from '../documents/documents.ts';

export interface SubscriptionRequest {
  plan: SubscriptionPlan;
  /** As the operation takes them: coerced. */
  variables: Variables;
  /** The cursor that the client goes on after, when it says so beside its operation. */
  cursor: unknown;
  viewer: Viewer | null;
  authorization: string | undefined;
  headers?: IncomingHttpHeaders | undefined;
}

/** A client's place in a group. */
export interface Seat {
  leave(): void;
  /** The same viewer's new token takes the place of the old one. */
  renew(renewed: Pick<SubscriptionRequest, 'viewer' | 'authorization'>): void;
}

/** A supergraph that subscriptions go on with. */
interface Adopted {
  documents: Documents;
  subscriptions: SubscriptionPlanner;
}

export interface SubscriptionHub {
  /**
   * @throws a client error BAD_USER_INPUT when the subscription cannot go on after the cursor.
   */
  join(request: SubscriptionRequest, receiver: Receiver): Seat;
  /** Those that clients have open. */
  operations(): SubscriptionPlan['asked'][];
  /** Plans them all again by another supergraph; those that are not valid there, or cannot go on, end. */
  adopt(supergraph: Adopted): void;
  close(): void;
}

export interface HubOptions {
  settings: RouterSettings;
  headers: HeaderRules;
  formatError: ErrorFormatter;
  metrics: Metrics;
  tracing: Tracing;
  labelOf: OperationLabel;
}

/** Groups that differ only in where they stand. */
interface Family {
  key: string;
  /** What their clients may see. */
  scope: string;
  groups: Set<Group>;
}

/** Between two yields to the event loop: a check takes some 30 µs. */
const checksPerTurn = 500;

/** All subscriptions of this router, each client in the group of those that see the same. */
export function createSubscriptionHub(options: HubOptions): SubscriptionHub {
  const { metrics } = options;
  const families = new Map<string, Family>();
  const familyOf = new Map<Group, Family>();
  let adopted: Adopted | undefined;
  const groupOf = new Map<Member, Group>();

  function open(
    key: string,
    scope: string,
    request: Pick<GroupOptions, 'plan' | 'variables' | 'headers' | 'after'>,
  ): Group {
    const group = createGroup({
      ...groupSettings(options),
      ...request,
      delivered: (delivered) => merge(familyOf.get(delivered)?.groups ?? new Set(), delivered),
      ended: leaveFamily,
    });
    enterFamily(group, key, scope);
    return group;
  }

  function enterFamily(group: Group, key: string, scope: string): void {
    const family = families.get(key) ?? { key, scope, groups: new Set() };
    families.set(key, family);
    family.groups.add(group);
    familyOf.set(group, family);
  }

  function leaveFamily(group: Group): void {
    const family = familyOf.get(group);
    familyOf.delete(group);
    family?.groups.delete(group);
    if (family?.groups.size === 0) families.delete(family.key);
  }

  async function replan(group: Group, supergraph: Adopted): Promise<void> {
    const { documents, subscriptions } = supergraph;
    const valid = await checkAgain(group, documents);
    const plan = valid && (await subscriptions.plan(valid.operation, valid.coerced).catch(() => undefined));
    const family = familyOf.get(group);
    // Everybody has left meanwhile, or yet another supergraph has come.
    if (!family || adopted !== supergraph) return;
    if (!plan) return group.endWith(schemaReloaded());
    group.replan(plan, valid.coerced);
    if (group.ending) return;
    leaveFamily(group);
    enterFamily(group, groupKey(plan, valid.coerced, family.scope), family.scope);
  }

  /** The group's operation as the new schema has it; undefined where none of its members may have it any more. */
  async function checkAgain(group: Group, documents: Documents): Promise<Valid | undefined> {
    const { query, name: operationName } = group.plan.asked;
    const refused: Member[] = [];
    let valid: Valid | undefined;
    let checks = 0;
    for (const member of [...group.members]) {
      const { authorization } = member;
      const checked = documents.check({ query, operationName, variables: group.variables }, { authorization });
      if ('errors' in checked) refused.push(member);
      else valid = checked;
      checks += 1;
      if (checks % checksPerTurn === 0) await nextTurn();
    }
    if (valid) for (const member of refused) member.error([schemaReloaded().toJSON()]);
    return valid;
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

  function seat(
    group: Group,
    { viewer, authorization }: Pick<SubscriptionRequest, 'viewer' | 'authorization'>,
    receiver: Receiver,
  ): Seat {
    let forgetExpiry: (() => void) | undefined;
    const leave = () => {
      forgetExpiry?.();
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
      expiresAtMs: viewer?.expiresAtMs ?? null,
      next: (payload, place) => receiver.next(payload, place),
      error: (errors) => endAs(() => receiver.error(errors)),
      complete: () => endAs(() => receiver.complete()),
    };
    const watchExpiry = () => {
      forgetExpiry?.();
      if (member.expiresAtMs === null) return;
      forgetExpiry = callAt(member.expiresAtMs, () => member.error([tokenExpired().toJSON()]));
    };
    groupOf.set(member, group);
    metrics.subscriptions.inc();
    group.add(member);
    watchExpiry();
    return {
      leave,
      renew(renewed) {
        const current = groupOf.get(member);
        if (!current) return;
        member.authorization = renewed.authorization;
        member.expiresAtMs = renewed.viewer?.expiresAtMs ?? null;
        current.add(member);
        watchExpiry();
      },
    };
  }

  return {
    join({ plan, variables, cursor, viewer, authorization, headers: given }, receiver) {
      const headers = options.headers.kept(given);
      const scope = JSON.stringify([authScope(viewer), headers]);
      const key = groupKey(plan, variables, scope);
      const after =
        cursor === undefined || cursor === null
          ? beginningOf(plan, variables)
          : placeGiven(plan.upstream.resume?.resumable, cursor);
      const group = joinable(families.get(key)?.groups, after) ?? open(key, scope, { plan, variables, headers, after });
      return seat(group, { viewer, authorization }, receiver);
    },
    operations: () => [...new Set([...familyOf.keys()].map(({ plan }) => plan.asked))],
    adopt(supergraph) {
      adopted = supergraph;
      for (const group of [...familyOf.keys()]) void replan(group, supergraph);
    },
    close() {
      for (const group of [...familyOf.keys()]) group.close();
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

function groupSettings({ settings, formatError, metrics, tracing, labelOf }: HubOptions) {
  return {
    upstream: {
      connectTimeoutMs: settings.SUBGRAPH_TIMEOUT_MS,
      pingIntervalMs: settings.PING_INTERVAL_MS,
      maxAnswerBytes: settings.MAX_ANSWER_BYTES,
      secret: settings.ROUTER_SECRET[0],
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
