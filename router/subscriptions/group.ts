import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';
import {
  serialised,
  type OperationLabel,
  type Receiver,
  type Serialised,
  type Span,
  type SubscribePayload,
  type Tracing,
} from '../../platform/server/index.ts';
import { schemaReloaded, unavailable, type ErrorFormatter } from '../client-errors.ts';
import type { Metrics } from '../metrics.ts';
import { textOf } from '../gateway/asked.ts';
import { createConnection, type Connection, type ConnectionOptions, type Ending } from './connection.ts';
import type { Variables } from '../documents/variables.ts';
import type { SubscriptionPlan } from './planner.ts';
import type { Place } from './resumable.ts';
import { isFromNow, placeAfter } from './upstream-operation.ts';

/** One client's place in a group. */
export interface Member {
  /** Undefined once it has left. */
  group: Group | undefined;
  /** The variables as the client gave them: without the defaults that the schema had then. */
  readonly given: SubscribePayload['variables'];
  authorization: string | undefined;
  /** When the token ends, in ms since 1970; null when it never does. */
  expiresAtMs: number | null;
  forgetExpiry: (() => void) | undefined;
  readonly receiver: Receiver;
  /** Called before the receiver is told of the end. */
  readonly ended: () => void;
}

/** Clients that see the same: one upstream, one plan execution and one serialisation per event. */
export interface Group {
  readonly plan: SubscriptionPlan;
  readonly variables: Variables;
  readonly members: ReadonlySet<Member>;
  /** The place after which everything is delivered: given at the start, then moved by every event. */
  readonly position: Place;
  /** Began without a cursor, so a client that wants to begin now may join. */
  readonly fromNow: boolean;
  readonly ending: boolean;
  /** Some members have the event at `position`, others not yet. */
  readonly delivering: boolean;
  /** Also for one that is there and has a new token. */
  add(member: Member): void;
  /** The last one to leave ends the group. */
  remove(member: Member): void;
  /** Gives all members to another group that stands at the same position. */
  moveTo(other: Group): void;
  /**
   * Goes on with another plan of the same operation, or ends when it cannot without a gap: what had come is delivered
   * first, by the plan that it came by.
   */
  replan(plan: SubscriptionPlan, variables: Variables): void;
  /** Ends it after what has come, with an error. */
  endWith(error: GraphQLError): void;
  close(): void;
}

export interface GroupOptions {
  plan: SubscriptionPlan;
  variables: Variables;
  /** Of its clients, all alike: those that travel to subgraphs. */
  headers: Readonly<Record<string, string>>;
  /** The place to begin after. */
  after: Place;
  upstream: ConnectionOptions['upstream'];
  resume: { backoffMs: number; backoffMaxMs: number; timeoutMs: number };
  /** Events that may wait for their turn before the upstream is paused. */
  queueLimit: number;
  formatError: ErrorFormatter;
  metrics: Metrics;
  tracing: Tracing;
  labelOf: OperationLabel;
  delivered(group: Group): void;
  /** Ends a member's subscription, with errors or without. */
  end(member: Member, errors?: readonly GraphQLFormattedError[]): void;
  ended(group: Group): void;
}

/**
 * Sends between two yields to the event loop: ten thousand in a row would block it for 0.2 s. Sockets also report what
 * they have written only between turns: a client that reads would seem slow if its whole queue limit were sent in one
 * turn.
 */
const sendsPerTurn = 500;

/** By what an event is completed. */
interface Planned {
  plan: SubscriptionPlan;
  variables: Variables;
}

type Item = ({ kind: 'event'; result: SubgraphAnswer } & Planned) | ({ kind: 'end' } & { ending: Ending });

export function createGroup(options: GroupOptions): Group {
  const { metrics, queueLimit } = options;
  let { plan, variables } = options;
  const members = new Set<Member>();
  const queue: Item[] = [];
  let position = options.after;
  const inARow = Math.min(sendsPerTurn, Math.ceil(queueLimit / 2));
  let sends = 0;
  let draining = false;
  let delivering = false;
  let closed = false;
  let ending = false;
  let longestLived: Member | undefined;
  let connection: Connection | undefined;

  /** The member whose token lasts longest speaks for the group. */
  function speaker(): Member | undefined {
    longestLived ??= [...members].reduce<Member | undefined>(
      (best, member) => (best && lifetime(best) >= lifetime(member) ? best : member),
      undefined,
    );
    return longestLived;
  }

  const authorization = () => (plan.isSameForEverybody ? undefined : speaker()?.authorization);

  async function render(
    result: SubgraphAnswer,
    by: Planned,
    place: Place,
    traceparent: string | undefined,
  ): Promise<Serialised> {
    try {
      const answer = await by.plan.complete(result, by.variables, {
        viewer: null,
        authorization: authorization(),
        headers: options.headers,
        correlationId: randomUUID(),
        traceparent,
      });
      return serialised(withCursor(textOf(answer), place), place);
    } catch (error) {
      return serialised(withCursor(textOf({ data: 'null', errors: [options.formatError(error)] }), place), place);
    }
  }

  /** The last span of a decision's trace: the owner sends the trace that its event belongs to. */
  function beginFrame({ extensions }: SubgraphAnswer): Span | undefined {
    const parent = extensions?.['traceparent'];
    if (typeof parent !== 'string') return undefined;
    const name = `frame ${options.labelOf(plan.upstream.operationName)}`;
    return options.tracing.begin(name, parent, { clients: members.size });
  }

  async function deliver(answer: Serialised): Promise<void> {
    // A client that joins between two turns begins after this event, so only the present members get it.
    for (const member of [...members]) {
      if (member.group === group) member.receiver.next(answer);
      sends += 1;
      if (sends % inARow === 0) await nextTurn();
    }
  }

  // Strictly one event after the other: fetches of two events side by side could show a client newer data first.
  async function drain(): Promise<void> {
    draining = true;
    for (let item = queue.shift(); item && !isClosed(); item = queue.shift()) {
      if (queue.length <= queueLimit / 2) connection?.resume();
      if (item.kind === 'end') return end(item.ending);
      const place = placeAfter(item.plan.upstream, item.result, position);
      const span = beginFrame(item.result);
      const answer = await render(item.result, item, place, span?.traceparent);
      if (isClosed()) return;
      position = place;
      delivering = true;
      await deliver(answer);
      delivering = false;
      span?.end();
      if (!isClosed()) options.delivered(group);
    }
    draining = false;
  }

  function enqueue(item: Item): void {
    queue.push(item);
    if (queue.length >= queueLimit) connection?.pause();
    if (!draining) void drain();
  }

  function end(how: Ending): void {
    const left = [...members];
    dispose();
    const errors = how.kind === 'errors' ? how.errors.map((error) => options.formatError(error)) : [];
    for (const member of left) options.end(member, how.kind === 'complete' ? undefined : errors);
  }

  function dispose(): void {
    if (closed) return;
    closed = true;
    members.clear();
    queue.length = 0;
    connection?.close();
    metrics.upstreams.dec();
    options.ended(group);
  }

  /** After what has come. */
  function endAfterwards(how: Ending): void {
    if (ending) return;
    ending = true;
    enqueue({ kind: 'end', ending: how });
  }

  // A function, because the compiler would take the flag for unchanged across an await.
  const isClosed = () => closed;

  const group: Group = {
    get plan() {
      return plan;
    },
    get variables() {
      return variables;
    },
    members,
    get position() {
      return position;
    },
    get ending() {
      return ending;
    },
    get delivering() {
      return delivering;
    },
    fromNow: isFromNow(options.after),
    add(member) {
      members.add(member);
      member.group = group;
      longestLived = undefined;
      connection ??= createConnection({
        plan,
        variables,
        after: options.after,
        upstream: options.upstream,
        resume: options.resume,
        authorization,
        headers: options.headers,
        metrics,
        next: (result) => {
          metrics.events.inc();
          enqueue({ kind: 'event', result, plan, variables });
        },
        end: endAfterwards,
      });
    },
    remove(member) {
      members.delete(member);
      if (longestLived === member) longestLived = undefined;
      if (members.size === 0) dispose();
    },
    moveTo(other) {
      for (const member of [...members]) other.add(member);
      dispose();
    },
    replan(next, nextVariables) {
      if (ending) return;
      if (connection && !connection.replan(next, nextVariables)) return group.endWith(schemaReloaded());
      plan = next;
      variables = nextVariables;
    },
    endWith(error) {
      connection?.close();
      endAfterwards({ kind: 'errors', errors: [error.toJSON()] });
    },
    close() {
      end({ kind: 'errors', errors: [unavailable('The router is stopping. Subscribe again.').toJSON()] });
    },
  };
  metrics.upstreams.inc();
  return group;
}

/** The payload with the cursor that a client gives back to go on after this event. */
function withCursor(payload: string, place: Place): string {
  return place === undefined ? payload : `${payload.slice(0, -1)},"extensions":{"cursor":${place}}}`;
}

function lifetime(member: Member): number {
  return member.expiresAtMs ?? Infinity;
}
