import { createHash } from 'node:crypto';
import type { OpenCharge } from '../../subgraphs/approval/charges.ts';
import type { JournalDocument } from '../../platform/event-core/journal.ts';
import type { Account } from '../../subgraphs/point/point.ts';
import { latestIn, reportsIn, type BikeSlot, type Reservation } from '../../subgraphs/reservation/reservation.ts';
import type { WaitingList } from '../../subgraphs/reservation/waiting.ts';
import { accounted, monotonicReads, payments, traces } from '../faults/checks.ts';
import type { Story } from '../support/seeded-rider.ts';
import { unlinearizable } from '../support/histories.ts';
import { eventSubject } from '../../platform/messaging/event-stream.ts';
import {
  consumers,
  eventsNamed,
  follows,
  isQuiet,
  publishers,
  violationsIn,
  type Evidence,
  type Publisher,
} from '../support/violations.ts';
import { unheardFaults } from './breakages.ts';
import { injectFaults, isStrange, type Damage } from './faults.ts';
import { misjudged } from './payments.ts';
import type { FaultKind, Plan } from './plan.ts';
import { comeLate, halfWritten, liveThrough } from './riders.ts';
import { createScheduler } from './scheduler.ts';
import { waitingWrongly } from './waiting.ts';
import { missedOrRepeated, watch } from './watchers.ts';
import { createWorld, prefix, type World } from './world.ts';

/** The result of one plan. */
export interface History {
  violations: string[];
  /** Every line of the trace, and their hash: equal for equal plans. */
  trace: readonly string[];
  hash: string;
  /** Requests, and decisions that they led to. */
  attempts: number;
  decisions: number;
  /** Ms of the history's own time: all of it, and from the end of the last fault until all was well. */
  lastedMs: number;
  settledMs: number;
}

/** Within this time after the last fault everything must have settled. */
const settleWithinMs = 30_000;
/** What is not refused must be published within this time, whatever else fails. */
const getThroughWithinMs = 10_000;
const settings: NodeJS.ProcessEnv = {
  LANDSCAPE: 'development',
  LOG_LEVEL: 'silent',
  // Shorter than a history, so that much comes after it.
  DUPLICATE_WINDOW_MS: '2000',
  RECONCILE_EVERY_MS: '8000',
  REFUSED_DELAY_MS: '3000',
  PAYMENT_RETRY_MS: '300',
  PAYMENT_RETRY_MAX_MS: '2000',
  SETTLE_EVERY_MS: '250',
  OFFER_SECONDS: '2',
};
/** No wait for points expires: whatever is late at the end hangs. */
const patient: NodeJS.ProcessEnv = { SAGA_DEADLINE_MS: '120000' };
/** Reservations expire while the riders still ride; the decision at the front of the relay's queue fills a batch. */
const hasty: NodeJS.ProcessEnv = {
  SAGA_DEADLINE_MS: '3000',
  HOLD_MINUTES: '0.05',
  WAIT_MINUTES: '0.1',
  SWEEP_BATCH: '1',
};

/** A ride costs overtime from its beginning on, and reports have something to give back. */
const dear: NodeJS.ProcessEnv = { OVERTIME_FREE_MINUTES: '0' };

/** Runs a plan from its start to its end, and checks everything. */
export async function simulate(plan: Plan): Promise<History> {
  const scheduler = createScheduler(plan.dice);
  const env = { ...settings, ...(plan.hasty ? hasty : patient), ...(plan.reports.length > 0 ? dear : {}) };
  const world = createWorld({ scheduler, twins: plan.twins, env });
  const outcome = await scheduler.until(live(world, plan));
  const { trace } = scheduler;
  return {
    ...outcome,
    trace,
    hash: createHash('sha256').update(trace.join('\n')).digest('hex'),
    lastedMs: Math.round(scheduler.now),
  };
}

async function live(world: World, plan: Plan) {
  world.start();
  const mayBeStrange = plan.faults.some(isStrange);
  const watchings = watch(world, plan, mayBeStrange);
  const [{ story, said }, damage] = await Promise.all([
    liveThrough(world, plan, mayBeStrange),
    injectFaults(world, plan.faults),
  ]);
  world.heal();
  world.scheduler.note('all is healed');
  const { scheduler } = world;
  const held = await heldUp(world);
  world.broker.takeAll();
  const healedAt = scheduler.now;
  for (;;) {
    await scheduler.wait(500);
    const orders = await settleParked(world, damage);
    const evidence = world.evidence();
    const isLate = scheduler.now - healedAt > settleWithinMs;
    // Where reservations expire soon, all of them do before the end.
    const isOver = !plan.hasty || liveReservations(evidence).every(({ deadline }) => deadline === null);
    if (!isLate && (orders > 0 || !isOver || !isQuiet(evidence, prefix))) continue;
    const violations = [
      ...held,
      ...violationsNow(world, plan, story, damage, evidence),
      ...unheardFaults(said, evidence),
      ...missedOrRepeated(watchings, evidence, damage.brokerLost),
    ];
    if (!isLate && violations.length > held.length) continue;
    const decisions = Object.values(evidence.journals).flat().length;
    const settledMs = Math.round(scheduler.now - healedAt);
    return { violations, attempts: story.attempts.length, decisions, settledMs };
  }
}

/** I6 soon after the last other fault, all decisions that the broker does not refuse are published. */
async function heldUp(world: World): Promise<string[]> {
  const { broker, scheduler, evidence } = world;
  const isHeldUp = (publisher: Publisher, { stream, events, published }: JournalDocument) => {
    const subject = eventSubject(prefix, publisher, stream);
    return !published && !events.some(({ id }) => broker.refuses({ subject, id }));
  };
  const isUnpublished = (publisher: Publisher) => evidence().journals[publisher].some(({ published }) => !published);
  if (broker.isRefusing() && publishers.some(isUnpublished)) await comeLate(world);
  for (const healedAt = scheduler.now; ; await scheduler.wait(500)) {
    const { journals } = evidence();
    const waiting = publishers.flatMap((publisher) => journals[publisher].filter((one) => isHeldUp(publisher, one)));
    if (waiting.length === 0) return [];
    if (scheduler.now - healedAt > getThroughWithinMs)
      return waiting.map(({ _id }) => `I6 ${_id} is held up by others`);
  }
}

/** Whether a process of the approval service may have forgotten an answer, or been unable to store it. */
function cutsOff({ faults }: Plan): boolean {
  const kinds: readonly FaultKind[] = ['kill', 'die', 'restart', 'database-of-all', 'database-of-one'];
  return faults.some(({ kind, service }) => service === 'approval' && kinds.includes(kind));
}

/** Discards poison and redrives unknown failures, as an operator would. Returns how many there were. */
async function settleParked(world: World, { poisoned }: Damage): Promise<number> {
  let orders = 0;
  for (const consumer of consumers) {
    const parked = world.rows(consumer, 'parked').filter(({ status }) => status === 'parked');
    for (const { _id: id, subject, errorClass } of parked) {
      const isPoison = poisoned.has(String(subject));
      if (!isPoison && errorClass !== 'unknown') continue;
      orders += 1;
      const order = { id, key: `order ${world.scheduler.now}` };
      const carriedOut = isPoison
        ? world.operate(consumer, 'parked.discard', { ...order, reason: 'as it must be' })
        : world.operate(consumer, 'parked.redrive', order);
      await carriedOut.catch(() => undefined);
    }
  }
  return orders;
}

function violationsNow(world: World, plan: Plan, story: Story, damage: Damage, evidence: Evidence): string[] {
  // Riders are not told of expiry, nor of what a ride costs.
  const lapses =
    eventsNamed(evidence, 'ReservationExpired').length > 0 ||
    eventsNamed(evidence, 'OvertimeCharged').length > 0 ||
    eventsNamed(evidence, 'ReservationCancelled').some(({ data }) => data.because === 'BIKE_WITHDRAWN');
  const charges = world.rows('approval', 'charges') as unknown as OpenCharge[];
  return [
    ...story.wrong,
    ...(isQuiet(evidence, prefix) ? [] : ['I6 something still moves']),
    ...violationsIn(evidence, prefix),
    ...accounted(story, evidence),
    ...traces(evidence),
    ...monotonicReads(story.looks, evidence),
    ...unlinearizable(story, lapses, eventsNamed(evidence, 'ReturnSettled').length > 0),
    ...overdue(world, evidence),
    ...heldForNothing(evidence),
    ...views(world, evidence),
    ...unsettled(world, damage),
    ...payments(world.payments.told, charges, evidence),
    ...misjudged(world.payments.ledger(), charges, !cutsOff(plan)),
    ...halfWritten(world, evidence),
    ...waitingWrongly(world),
  ];
}

/** By stream: the newest document. */
function heads(journal: JournalDocument[]): JournalDocument[] {
  return [...new Map(journal.map((document) => [document.stream, document])).values()];
}

function liveReservations({ journals }: Evidence): Reservation[] {
  return heads(journals.reservation).flatMap(({ state }) => {
    const slot = state as BikeSlot;
    return slot.status === 'held' ? [slot.reservation] : [];
  });
}

/** I5 no reservation outlives its deadline; the sweep may be a moment late. */
function overdue(world: World, evidence: Evidence): string[] {
  const isOverdue = ({ deadline }: Reservation) =>
    deadline !== null && Date.parse(deadline) < world.date().getTime() - 5_000;
  return liveReservations(evidence)
    .filter(isOverdue)
    .map(({ reserveNo, reserveStatus }) => `I5 reservation ${reserveNo} is ${reserveStatus} past its deadline`);
}

/** I3 once the system is idle, an account holds a fee for a live reservation, or for none. */
function heldForNothing(evidence: Evidence): string[] {
  const live = new Set(liveReservations(evidence).map(({ reserveNo }) => reserveNo));
  return heads(evidence.journals.point).flatMap(({ stream, state }) => {
    const { hold } = state as Account;
    return hold && !live.has(hold.reserveNo) ? [`I3 ${stream} holds a fee for ${hold.reserveNo}, which is over`] : [];
  });
}

/** An owner's views show its decisions. */
function views(world: World, { journals }: Evidence): string[] {
  const latest = new Map(
    journals.reservation
      .filter(({ stream }) => stream.startsWith('bike-'))
      .map(({ state }) => latestIn(state as BikeSlot))
      .filter((one) => one !== null)
      .map((one) => [one.reserveNo, one.reserveStatus]),
  );
  const reports = new Map(
    journals.reservation
      .flatMap(({ state }) =>
        (state as BikeSlot | WaitingList).status === 'list' ? [] : (reportsIn(state as BikeSlot) ?? []),
      )
      .map(({ reserveNo, status }) => [reserveNo, status]),
  );
  const expected: [rows: ReturnType<World['rows']>, field: string, values: Map<unknown, unknown>][] = [
    [world.rows('reservation', 'reservations'), 'reserveStatus', latest],
    [world.rows('reservation', 'reports'), 'status', reports],
    [world.rows('point', 'accounts'), 'totalPoint', fieldOf(journals.point, 'userId', 'balance')],
    [world.rows('bike', 'bikes'), 'condition', fieldOf(journals.bike, 'bikeId', 'condition')],
    [world.rows('approval', 'approvals'), 'status', fieldOf(journals.approval, 'confirmId', 'status')],
  ];
  return expected.flatMap(([rows, field, values]) => {
    const shown = new Map(rows.map((row) => [row._id, row[field]]));
    return [...values]
      .filter(([id, value]) => (shown.get(id) ?? unseen) !== value)
      .map(([id, value]) => `the owner decided that ${String(id)} has ${field} ${String(value)}, and shows another`);
  });
}

/** An account whose every request was refused has no row. */
const unseen = 0;

function fieldOf(journal: JournalDocument[], key: string, field: string): Map<unknown, unknown> {
  const states = heads(journal).map(({ state }) => state as Record<string, unknown>);
  return new Map(states.map((state) => [state[key], state[field]]));
}

/** I6 nothing stays parked, and every consumer of its publisher parked the poison. */
function unsettled(world: World, { poisoned, brokerLost }: Damage): string[] {
  return consumers.flatMap((consumer) => {
    const rows = world.rows(consumer, 'parked');
    const left = rows.filter(({ status }) => status === 'parked');
    const known = new Set(rows.map(({ subject }) => subject));
    const missed = [...poisoned].filter((subject) => {
      const isFollowed = follows[consumer].some((publisher) => subject.startsWith(`${prefix}.${publisher}.`));
      return isFollowed && !brokerLost && !known.has(subject);
    });
    return [
      ...left.map(({ _id }) => `I6 ${consumer} still has ${String(_id)} parked`),
      ...missed.map((subject) => `I6 ${consumer} let ${subject} go by`),
    ];
  });
}
