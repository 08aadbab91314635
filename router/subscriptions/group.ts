import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GraphQLFormattedError } from 'graphql';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';
import type { OperationLabel, Span, Tracing } from '../../platform/server/index.ts';
import { unavailable, type ErrorFormatter } from '../client-errors.ts';
import type { Metrics } from '../metrics.ts';
import { textOf } from '../gateway/engine.ts';
import { createConnection, type Connection, type Ending } from './connection.ts';
import type { Variables } from '../documents/variables.ts';
import type { SubscriptionPlan } from './planner.ts';
import type { Place } from './resumable.ts';
import { isFromNow, placeAfter } from './upstream-operation.ts';
import type { UpstreamSettings } from './upstream.ts';

/** One client's subscription, as the group sees it. */
export interface Member {
  readonly authorization: string | undefined;
  /** When the token ends, in ms since 1970; null when it never does. */
  readonly expiresAtMs: number | null;
  /** An answer, serialised, and where the subscription stands after it. */
  next(payload: string, place: Place): void;
  /** The end, with errors. */
  error(errors: readonly GraphQLFormattedError[]): void;
  /** The end. */
  complete(): void;
}

/** Clients that see the same: one upstream, one plan execution and one serialisation per event. */
export interface Group {
  /** The place after which everything is delivered: given at the start, then moved by every event. */
  readonly position: Place;
  /** Began without a cursor, so a client that wants to begin now may join. */
  readonly fromNow: boolean;
  readonly ending: boolean;
  /** Some members have the event at `position`, others not yet. */
  readonly delivering: boolean;
  add(member: Member): void;
  /** The last one to leave ends the group. */
  remove(member: Member): void;
  /** Gives all members to another group that stands at the same position. */
  moveTo(other: Group): Member[];
  close(): void;
}

export interface GroupOptions {
  plan: SubscriptionPlan;
  variables: Variables;
  /** The place to begin after. */
  after: Place;
  upstream: UpstreamSettings;
  resume: { backoffMs: number; backoffMaxMs: number; timeoutMs: number };
  /** Events that may wait for their turn before the upstream is paused. */
  queueLimit: number;
  formatError: ErrorFormatter;
  metrics: Metrics;
  tracing: Tracing;
  labelOf: OperationLabel;
  delivered(group: Group): void;
  ended(group: Group): void;
}

/**
 * Sends between two yields to the event loop: ten thousand in a row would block it for 0.2 s. Sockets also report what
 * they have written only between turns: a client that reads would seem slow if its whole queue limit were sent in one
 * turn.
 */
const sendsPerTurn = 500;

type Item = { kind: 'event'; result: SubgraphAnswer } | ({ kind: 'end' } & { ending: Ending });

export function createGroup(options: GroupOptions): Group {
  const { plan, variables, metrics, queueLimit } = options;
  const members = new Set<Member>();
  const queue: Item[] = [];
  let position = options.after;
  const mostInARow = Math.ceil(queueLimit / 2);
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

  async function render(result: SubgraphAnswer, place: Place, traceparent: string | undefined): Promise<string> {
    try {
      const answer = await plan.complete(result, variables, {
        viewer: null,
        authorization: speaker()?.authorization,
        correlationId: randomUUID(),
        traceparent,
      });
      return withCursor(textOf(answer), place);
    } catch (error) {
      return withCursor(textOf({ data: 'null', errors: [options.formatError(error)] }), place);
    }
  }

  /** The last span of a decision's trace: the owner sends the trace that its event belongs to. */
  function beginFrame({ extensions }: SubgraphAnswer): Span | undefined {
    const parent = extensions?.['traceparent'];
    if (typeof parent !== 'string') return undefined;
    const name = `frame ${options.labelOf(plan.upstream.operationName)}`;
    return options.tracing.begin(name, parent, { clients: members.size });
  }

  async function deliver(payload: string): Promise<void> {
    // A client that joins between two turns begins after this event, so only the present members get it.
    for (const member of [...members]) {
      if (members.has(member)) member.next(payload, position);
      sends += 1;
      if (sends % Math.min(sendsPerTurn, mostInARow) === 0) await nextTurn();
    }
  }

  // Strictly one event after the other: fetches of two events side by side could show a client newer data first.
  async function drain(): Promise<void> {
    draining = true;
    for (let item = queue.shift(); item && !isClosed(); item = queue.shift()) {
      if (queue.length <= queueLimit / 2) connection?.resume();
      if (item.kind === 'end') return end(item.ending);
      const place = placeAfter(plan.upstream, item.result, position);
      const span = beginFrame(item.result);
      const payload = await render(item.result, place, span?.traceparent);
      if (isClosed()) return;
      position = place;
      delivering = true;
      await deliver(payload);
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
    for (const member of left) {
      if (how.kind === 'complete') member.complete();
      else member.error(errors);
    }
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

  // A function, because the compiler would take the flag for unchanged across an await.
  const isClosed = () => closed;

  const group: Group = {
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
      longestLived = undefined;
      connection ??= createConnection({
        plan,
        variables,
        after: options.after,
        upstream: options.upstream,
        resume: options.resume,
        authorization: () => speaker()?.authorization,
        metrics,
        next: (result) => {
          metrics.events.inc();
          enqueue({ kind: 'event', result });
        },
        end: (how) => {
          ending = true;
          enqueue({ kind: 'end', ending: how });
        },
      });
    },
    remove(member) {
      members.delete(member);
      if (longestLived === member) longestLived = undefined;
      if (members.size === 0) dispose();
    },
    moveTo(other) {
      const moved = [...members];
      for (const member of moved) other.add(member);
      dispose();
      return moved;
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
