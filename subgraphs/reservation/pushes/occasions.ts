import type { Reservation } from '../reservation.ts';
import type { Waiting } from '../waiting.ts';

/** Something that a rider is told of while their page is closed: once, not before it is so, and not after `until`. */
export interface Occasion {
  /** The same for the same occasion. */
  name: string;
  kind: 'HOLD_ENDS' | 'OVERTIME_BEGINS' | 'BIKE_OFFERED';
  bikeId: number;
  /** What ends then: the hold, the time that the fee covers, the offer. From then on there is nothing to tell. */
  until: string;
}

export interface RiderNow {
  live: Pick<Reservation, 'reserveNo' | 'reserveStatus' | 'bikeId' | 'deadline' | 'startDateTime'> | null;
  waiting: Pick<Waiting, 'offer'> | null;
}

/** As the rider's page warns of overtime. */
const overtimeWarningMs = 10 * 60_000;
/** Enough to reach a bike that is near; of a shorter hold its second half. */
const holdWarningMs = 2 * 60_000;

export interface OccasionRule {
  holdMs: number;
  /** How long a ride costs nothing more; undefined while point has not said. */
  freeMs: number | undefined;
}

export function occasionsOf({ live, waiting }: RiderNow, { holdMs, freeMs }: OccasionRule, at: string): Occasion[] {
  const found: Occasion[] = [];
  const tell = (kind: Occasion['kind'], of: string, bikeId: number, until: number, noticeMs: number) => {
    const now = Date.parse(at);
    // Of another ride, hold or offer the time is another.
    const name = `${kind} ${of} ${until}`;
    if (now >= until - noticeMs && now < until)
      found.push({ name, kind, bikeId, until: new Date(until).toISOString() });
  };
  if (live?.reserveStatus === 'RESERVED' && live.deadline !== null) {
    const noticeMs = Math.min(holdWarningMs, holdMs / 2);
    tell('HOLD_ENDS', `${live.reserveNo}`, live.bikeId, Date.parse(live.deadline), noticeMs);
  }
  if (live?.reserveStatus === 'IN_USE' && live.startDateTime !== null && freeMs !== undefined) {
    const until = Date.parse(live.startDateTime) + freeMs;
    tell('OVERTIME_BEGINS', `${live.reserveNo}`, live.bikeId, until, overtimeWarningMs);
  }
  if (waiting?.offer) {
    const { bikeId, until } = waiting.offer;
    tell('BIKE_OFFERED', `${bikeId}`, bikeId, Date.parse(until), Infinity);
  }
  return found;
}
