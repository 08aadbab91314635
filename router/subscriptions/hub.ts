import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import {
  authScope,
  type OperationLabel,
  type Receiver,
  type Renewed,
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
  /** As the client gave them. */
  given: Member['given'];
  /** The cursor that the client goes on after, when it says so beside its operation. */
  cursor: unknown;
  viewer: Viewer | null;
  authorization: string | undefined;
  headers?: IncomingHttpHeaders | undefined;
}

/** A supergraph that subscriptions go on with. */
interface Adopted {
  documents: Documents;
  subscriptions: SubscriptionPlanner;
}

export interface SubscriptionHub {
  /**
   * @param ended called before the receiver is told of the end.
   * @throws a client error BAD_USER_INPUT when the subscription cannot go on after the cursor.
   */
  join(request: SubscriptionRequest, receiver: Receiver, ended: () => void): Member;
  leave(member: Member): void;
  /** The same viewer's new token takes the place of the old one. */
  renew(member: Member, renewed: Renewed): void;
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
/** Likewise: what a group's owner is asked, and its place among the groups, take some 100 µs. */
const groupsPerTurn = 100;

/** All subscriptions of this router, each client in the group of those that see the same. */
export function createSubscriptionHub(options: HubOptions): SubscriptionHub {
  const { metrics } = options;
  const families = new Map<string, Family>();
  const familyOf = new Map<Group, Family>();
  let adopted: Adopted | undefined;

  function open(
    key: string,
    scope: string,
    request: Pick<GroupOptions, 'plan' | 'variables' | 'headers' | 'after'>,
  ): Group {
    const group = createGroup({
      ...groupSettings(options),
      ...request,
      delivered: (delivered) => merge(familyOf.get(delivered)?.groups ?? new Set(), delivered),
      end,
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

  async function replanAll(supergraph: Adopted): Promise<void> {
    let groups = 0;
    for (const group of [...familyOf.keys()]) {
      if (adopted !== supergraph) return;
      void replan(group, supergraph);
      groups += 1;
      // Requests come first.
      if (groups % groupsPerTurn === 0) await nextTurn();
    }
  }

  async function replan(group: Group, supergraph: Adopted): Promise<void> {
    const { documents, subscriptions } = supergraph;
    const valid = await checkAgain(group, documents);
    const plan = valid && (await subscriptions.plan(valid.operation, valid.coerced).catch(() => undefined));
    const family = familyOf.get(group);
    // Everybody has left meanwhile, or yet another supergraph has come.
    if (!family || adopted !== supergraph) return;
    // Those who shared one that is private now may see different things.
    const isParted = group.plan.isSameForEverybody && !plan?.isSameForEverybody;
    if (!plan || isParted) return group.endWith(schemaReloaded());
    group.replan(plan, valid.coerced);
    if (group.ending) return;
    leaveFamily(group);
    enterFamily(group, groupKey(plan, valid.coerced, family.scope), family.scope);
  }

  /**
   * The group's operation as the new schema has it; undefined where none of its members may have it any more. Of those
   * whose variables mean different things by now, because a default has changed, the first ones go on.
   */
  async function checkAgain(group: Group, documents: Documents): Promise<Valid | undefined> {
    const { query, name: operationName } = group.plan.asked;
    const refused: Member[] = [];
    let valid: Valid | undefined;
    let checks = 0;
    for (const member of [...group.members]) {
      const { authorization, given: variables } = member;
      const checked = documents.check({ query, operationName, variables }, { authorization });
      if ('errors' in checked || (valid && !isAlike(group.plan, checked, valid))) refused.push(member);
      else valid ??= checked;
      checks += 1;
      if (checks % checksPerTurn === 0) await nextTurn();
    }
    if (valid) for (const member of refused) end(member, [schemaReloaded().toJSON()]);
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
      return from.moveTo(to);
    }
  }

  function leave(member: Member): void {
    member.forgetExpiry?.();
    const { group } = member;
    if (!group) return;
    member.group = undefined;
    metrics.subscriptions.dec();
    group.remove(member);
  }

  function end(member: Member, errors?: readonly GraphQLFormattedError[]): void {
    if (!member.group) return;
    leave(member);
    member.ended();
    if (errors) member.receiver.error(errors);
    else member.receiver.complete();
  }

  function watchExpiry(member: Member): void {
    member.forgetExpiry?.();
    if (member.expiresAtMs === null) return;
    member.forgetExpiry = callAt(member.expiresAtMs, () => end(member, [tokenExpired().toJSON()]));
  }

  return {
    join({ plan, variables, given, cursor, viewer, authorization, headers: sent }, receiver, ended) {
      const headers = options.headers.kept(sent);
      const scope = JSON.stringify([authScope(plan.isSameForEverybody ? null : viewer), headers]);
      const key = groupKey(plan, variables, scope);
      const after =
        cursor === undefined || cursor === null
          ? beginningOf(plan, variables)
          : placeGiven(plan.upstream.resume?.resumable, cursor);
      const group = joinable(families.get(key)?.groups, after) ?? open(key, scope, { plan, variables, headers, after });
      const member: Member = {
        group,
        given,
        authorization,
        expiresAtMs: viewer?.expiresAtMs ?? null,
        forgetExpiry: undefined,
        receiver,
        ended,
      };
      metrics.subscriptions.inc();
      group.add(member);
      watchExpiry(member);
      return member;
    },
    leave,
    renew(member, { viewer, authorization }) {
      if (!member.group) return;
      member.authorization = authorization;
      member.expiresAtMs = viewer?.expiresAtMs ?? null;
      member.group.add(member);
      watchExpiry(member);
    },
    operations: () => [...new Set([...familyOf.keys()].map(({ plan }) => plan.asked))],
    adopt(supergraph) {
      adopted = supergraph;
      void replanAll(supergraph);
    },
    close() {
      for (const group of [...familyOf.keys()]) group.close();
    },
  };
}

const isAlike = (plan: SubscriptionPlan, one: Valid, other: Valid) =>
  groupKey(plan, one.coerced, '') === groupKey(plan, other.coerced, '');

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
