import type { DemandRefusal, DomainEvent } from '../../schema/events/index.ts';
import { add, type Sum } from './sums.ts';

/** What is counted of an hour; each name is also the field's in the graph, except for the milliseconds. */
export const hourCounts = [
  'requested',
  'confirmed',
  'rejected',
  'cancelled',
  'expired',
  'ridesStarted',
  'returned',
  'riddenMs',
  'pointsPurchased',
  'pointsSpent',
  'pointsRestored',
  'overtimeCharged',
] as const;
export type HourCount = (typeof hourCounts)[number];

/** What happened in some time; what is left out is 0. */
export interface Counts {
  counts: Partial<Record<HourCount, Sum>>;
  /** How often riders got no bike, by reason: the rejected, and those for whom no number was taken. */
  refused: Partial<Record<DemandRefusal, number>>;
}

/**
 * What happened in one hour, by the times of the events. Kept for ever: 24 rows a day, far fewer than the reservations
 * that they count.
 */
export interface HourView extends Counts {
  /** `YYYY-MM-DDTHH`, UTC. An hour in Asia/Seoul is one in UTC, so that days are made of them. */
  hour: string;
}

/** The hour of a time (RFC 3339), `YYYY-MM-DDTHH`, UTC. */
export function hourOf(time: string): string {
  return new Date(time).toISOString().slice(0, 13);
}

const hourMs = 3_600_000;

/** The hours of a day in Asia/Seoul, `YYYY-MM-DD`, as rows name them. */
export function hoursOn(day: string): string[] {
  const begin = Date.parse(`${day}T00:00:00+09:00`);
  return Array.from({ length: 24 }, (_, place) => hourOf(new Date(begin + place * hourMs).toISOString()));
}

/** What an event adds to its hour; null for nothing. */
export function countsOf(event: DomainEvent): Counts | null {
  switch (event.type) {
    case 'ReservationRequested':
      return counted({ requested: 1 });
    case 'ReservationConfirmed':
      return counted({ confirmed: 1 });
    case 'ReservationRejected':
      return counted({ rejected: 1 }, { [event.data.code]: 1 });
    case 'ReservationsRefused':
      return counted({}, refusalsIn(event.data.refusals));
    case 'ReservationCancelled':
      return counted({ cancelled: 1 });
    case 'ReservationExpired':
      return counted({ expired: 1 });
    case 'RideStarted':
      return counted({ ridesStarted: 1 });
    case 'BikeReturned':
      return counted({ returned: 1, riddenMs: riddenMsIn(event.data) });
    case 'PointsIncreased':
      return counted({ pointsPurchased: event.data.amount });
    case 'PointsDeducted':
      return counted({ pointsSpent: event.data.amount });
    case 'OvertimeCharged':
      return counted({ pointsSpent: event.data.amount, overtimeCharged: event.data.amount });
    case 'PointsRestored':
    case 'OvertimeRestored':
      return counted({ pointsRestored: event.data.amount });
    case 'BikeRegistered':
    case 'BikeConditionChanged':
    case 'BikeMoved':
    case 'BikeSlotOpened':
    case 'BikeSlotChanged':
    case 'WaitingBegan':
    case 'BikeOffered':
    case 'BikeOfferWithdrawn':
    case 'WaitingEnded':
    case 'PointPurchaseApproved':
    case 'PointPurchaseDeclined':
    case 'PointsRefused':
    case 'ReservationSettled':
    case 'FaultReported':
    case 'FaultsClosed':
    case 'ReturnReported':
    case 'ReturnSettled':
    case 'ReturnRejected':
    case 'StationOpened':
    case 'StationChanged':
    case 'StationClosed':
      return null;
  }
}

const counted = (counts: Counts['counts'], refused: Counts['refused'] = {}): Counts => ({ counts, refused });

/** An event may name a reason twice. */
function refusalsIn(refusals: readonly { code: DemandRefusal; count: number }[]): Counts['refused'] {
  const refused: Counts['refused'] = {};
  for (const { code, count } of refusals) refused[code] = (refused[code] ?? 0) + count;
  return refused;
}

/** 0 for a bike that was given back without a ride, and where the clocks of two instances disagree. */
function riddenMsIn({ startedAt, returnedAt }: { startedAt: string | null; returnedAt: string }): number {
  return startedAt === null ? 0 : Math.max(0, Date.parse(returnedAt) - Date.parse(startedAt));
}

/** Both together. */
export function sumOf(one: Counts, other: Counts): Counts {
  const sum: Counts = { counts: { ...one.counts }, refused: { ...one.refused } };
  for (const name of hourCounts) {
    const more = other.counts[name] ?? 0;
    if (more !== 0) sum.counts[name] = add(sum.counts[name] ?? 0, more);
  }
  for (const [code, more] of Object.entries(other.refused) as [DemandRefusal, number][]) {
    sum.refused[code] = (sum.refused[code] ?? 0) + more;
  }
  return sum;
}

const nothing: Counts = { counts: {}, refused: {} };

/** The hour's row after the event; undefined when the event counts for none. */
export function hourAfter(before: HourView | undefined, event: DomainEvent): HourView | undefined {
  const more = countsOf(event);
  return more ? { hour: hourOf(event.time), ...sumOf(before ?? nothing, more) } : undefined;
}
