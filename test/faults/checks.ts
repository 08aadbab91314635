import { hashOf } from '../../platform/event-core/canonical-json.ts';
import type { OpenCharge } from '../../subgraphs/approval/charges.ts';
import type { Approval } from '../../subgraphs/approval/approval.ts';
import type { PaymentProvider } from '../support/payment-provider.ts';
import { eventsOf, type Evidence } from '../support/violations.ts';
import type { JournalDocument } from '../../platform/event-core/journal.ts';
import type { Attempt, CommandKind, Look, Story } from '../support/seeded-rider.ts';

const journalOf = {
  buy: 'approval',
  reserve: 'reservation',
  cancel: 'reservation',
  start: 'reservation',
  return: 'reservation',
} as const satisfies Record<CommandKind, keyof Evidence['journals']>;

/** Refusals that are a decision in the journal, because other services must know them. */
const decidedRefusals = [
  'PAYMENT_DECLINED',
  'NO_POINT_ACCOUNT',
  'INSUFFICIENT_POINTS',
  'RIDER_HAS_LIVE_RESERVATION',
  'OUTSTANDING_DEBT',
];

/**
 * 0 lost, 0 doubled: what was answered as done is in the journal once, under its key and with the answered number; what
 * was only ever refused is not.
 */
export function accounted(
  { attempts, bikeIds }: Pick<Story, 'attempts' | 'bikeIds'>,
  { journals }: Evidence,
): string[] {
  const documents = new Map(Object.values(journals).flatMap((journal) => journal.map((one) => [one.cause, one])));
  const bikes = new Set(
    eventsOf(journals.bike)
      .map(({ data }) => data as { bikeId: number })
      .map(({ bikeId }) => bikeId),
  );
  const missing = bikeIds.filter((bikeId) => !bikes.has(bikeId)).map((bikeId) => `lost: bike ${bikeId}`);
  const byKey = Map.groupBy(attempts, ({ rider, key }) => `key:${encodeURIComponent(rider)}:${key}`);
  return [...missing, ...[...byKey].flatMap(([cause, those]) => ofOneKey(cause, those, documents.get(cause)))];
}

function ofOneKey(cause: string, attempts: Attempt[], document: JournalDocument | undefined): string[] {
  const answers = attempts.flatMap(({ answer }) => (answer ? [answer] : []));
  const done = answers.filter(
    // Without a number, the rider was refused before any claim.
    ({ refused, outcome, number }) => !refused || (number > 0 && decidedRefusals.includes(outcome)),
  );
  const [first] = attempts;
  if (!first) return [];
  if (done.length === 0) {
    // A disputed payment may have been approved once, or may yet be.
    const certain =
      answers.length === attempts.length && answers.every(({ outcome }) => outcome !== 'PAYMENT_MISMATCH');
    return document && certain ? [`doubled: ${cause} was refused, and ${document._id} stands`] : [];
  }
  if (!document) return [`lost: ${cause} was answered ${done[0]?.outcome ?? ''} and stands in no journal`];
  const wanted = journalOf[first.kind];
  const found: string[] = [];
  if (!document.events[0]?.source.endsWith(`/${wanted}`))
    found.push(`${cause} stands in another journal: ${document._id}`);
  const decided = document.events.map(({ data }) => data as { reserveNo?: number; confirmId?: number });
  const numbers = new Set(decided.map(({ reserveNo, confirmId }) => reserveNo ?? confirmId));
  for (const { number } of done) {
    if (!numbers.has(number)) found.push(`doubled: ${cause} was answered number ${number}, ${document._id} has others`);
  }
  return found;
}

/**
 * Money and points agree: every approval was charged to that rider for that sum, and every charge was approved or is
 * disputed; none is left open.
 */
export function payments(
  provider: Pick<PaymentProvider, 'taken' | 'torn' | 'contradicted'>,
  rows: readonly Pick<OpenCharge, '_id' | 'bodyHash' | 'status'>[],
  { journals }: Evidence,
): string[] {
  const keyOf = (cause: string, bodyHash: string) => hashOf({ cause, bodyHash });
  const decided = new Map(
    journals.approval.map(({ cause, commandHash, state }) => [keyOf(cause, commandHash), state as Approval]),
  );
  const disputed = new Set(
    rows.filter(({ status }) => status === 'disputed').map(({ _id, bodyHash }) => keyOf(_id, bodyHash)),
  );
  const charges = new Map(provider.taken().map((charge) => [charge.idempotencyKey, charge]));
  const found = [
    ...provider.torn().map((key) => `P1 the provider was asked for ${key} with more than one body`),
    ...rows.filter(({ status }) => status === 'open').map(({ _id }) => `P2 the payment of ${_id} is still open`),
  ];
  for (const [key, approval] of decided) {
    if (approval.status !== 'APPROVED') continue;
    const { confirmId, userId, price } = approval;
    const charge = charges.get(key);
    if (charge?.userId !== userId || charge.amount !== price)
      found.push(`P3 approval ${confirmId} of ${price} for ${userId} was paid by ${JSON.stringify(charge ?? null)}`);
  }
  for (const [key, charge] of charges) {
    const status = decided.get(key)?.status;
    // If it said both, either may have been received.
    const isKnown = status === 'APPROVED' || (status === 'DECLINED' && provider.contradicted().has(key));
    if (!isKnown && !disputed.has(key))
      found.push(`P4 ${JSON.stringify(charge)} was taken, and is ${status ?? 'not decided'}`);
  }
  return found;
}

/** I10: every event has its correlation and its cause; the cause is a request or an event that exists. */
export function traces({ journals }: Evidence): string[] {
  const events = new Map(
    Object.values(journals).flatMap((journal) => eventsOf(journal).map((event) => [event.id, event])),
  );
  return [...events.values()].flatMap((event) => {
    const { id, correlationid, causationid, traceparent } = event;
    if (!correlationid || !causationid) return [`I10 ${id} does not say where it comes from`];
    if (causationid === correlationid) return [];
    const cause = events.get(causationid);
    if (!cause) return [`I10 ${id} was caused by ${causationid}, which stands nowhere`];
    if (cause.correlationid !== correlationid) return [`I10 ${id} does not belong to the story of ${causationid}`];
    if (traceOf(cause.traceparent) !== traceOf(traceparent)) return [`I10 ${id} left the trace of ${causationid}`];
    return [];
  });
}

const traceOf = (traceparent: string | undefined) => traceparent?.split('-')[1];

/** The balances that a rider saw existed in the account, and never went back in time. */
export function monotonicReads(looks: readonly Look[], { journals }: Evidence): string[] {
  const balances = new Map<string, number[]>();
  for (const { data } of eventsOf(journals.point)) {
    const { userId, balanceAfter } = data as { userId: string; balanceAfter?: number };
    if (balanceAfter !== undefined) balances.set(userId, [...(balances.get(userId) ?? [0]), balanceAfter]);
  }
  return [...Map.groupBy(looks, ({ rider }) => rider)].flatMap(([rider, seen]) => {
    const had = balances.get(rider) ?? [0];
    let place = 0;
    for (const { points } of seen) {
      const next = had.indexOf(points, place);
      if (next < 0) return [`I9 ${rider} saw ${seen.map((look) => look.points).join(', ')}, had ${had.join(', ')}`];
      place = next;
    }
    return [];
  });
}
