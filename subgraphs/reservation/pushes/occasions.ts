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

/** From when until when something may be; both as the rows of reservations have their times. */
export interface Span {
  after: string;
  until: string;
}

/** Of whom there is something to tell at a time: of nobody else need anything be read. */
export interface Due {
  /** When the hold ends. */
  holdEnds: Span;
  /** When the ride began; undefined while point has not said how long one is free. */
  rideBegan: Span | undefined;
  /** An offer that lasts for longer. */
  offerAfter: string;
}

const iso = (ms: number) => new Date(ms).toISOString();
const holdNoticeMs = (holdMs: number) => Math.min(holdWarningMs, holdMs / 2);

export function dueAt({ holdMs, freeMs }: OccasionRule, at: string): Due {
  const now = Date.parse(at);
  return {
    holdEnds: { after: at, until: iso(now + holdNoticeMs(holdMs)) },
    rideBegan:
      freeMs === undefined ? undefined : { after: iso(now - freeMs), until: iso(now - freeMs + overtimeWarningMs) },
    offerAfter: at,
  };
}

export function occasionsOf({ live, waiting }: RiderNow, { holdMs, freeMs }: OccasionRule, at: string): Occasion[] {
  const found: Occasion[] = [];
  const tell = (kind: Occasion['kind'], of: string, bikeId: number, until: number, noticeMs: number) => {
    const now = Date.parse(at);
    // Of another ride, hold or offer the time is another.
    const name = `${kind} ${of} ${until}`;
    if (now >= until - noticeMs && now < until) found.push({ name, kind, bikeId, until: iso(until) });
  };
  if (live?.reserveStatus === 'RESERVED' && live.deadline !== null) {
    tell('HOLD_ENDS', `${live.reserveNo}`, live.bikeId, Date.parse(live.deadline), holdNoticeMs(holdMs));
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
