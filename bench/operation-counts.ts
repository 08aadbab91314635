import { round } from './statistics.ts';

/** How many, how many rows in them, how many bytes, how long they took together, and the longest since the answer before, in ms. */
export interface Tally {
  count: number;
  rows: number;
  bytes: number;
  ms: number;
  longest: number;
}

/**
 * By who asks, and by what: `reservation` has its database commands, `broker` the messages between services and broker,
 * `router` the requests to subgraphs.
 */
export type OperationCounts = Record<string, Record<string, Tally>>;

export function tally(
  tallies: Record<string, Tally>,
  what: string,
  more: Partial<Omit<Tally, 'count' | 'longest'>>,
): void {
  const known = (tallies[what] ??= { count: 0, rows: 0, bytes: 0, ms: 0, longest: 0 });
  known.count += 1;
  known.rows += more.rows ?? 0;
  known.bytes += more.bytes ?? 0;
  known.ms += more.ms ?? 0;
  known.longest = Math.max(known.longest, more.ms ?? 0);
}

/** What happened between two answers of a counter. */
export function difference(before: OperationCounts, after: OperationCounts): OperationCounts {
  const entries = Object.entries(after).map(([who, tallies]) => {
    const changed = Object.entries(tallies).flatMap(([what, { count, rows, bytes, ms, longest }]) => {
      const earlier = before[who]?.[what] ?? { count: 0, rows: 0, bytes: 0, ms: 0 };
      if (count === earlier.count) return [];
      const more = {
        count: count - earlier.count,
        rows: rows - earlier.rows,
        bytes: bytes - earlier.bytes,
        ms: ms - earlier.ms,
        longest,
      };
      return [[what, more] as const];
    });
    return [who, Object.fromEntries(changed)] as const;
  });
  return Object.fromEntries(entries);
}

/** The same, each divided by the number of reservations meanwhile; `ms` is that of one. The dearest first. */
export function operationsPer(reservations: number, before: OperationCounts, after: OperationCounts): OperationCounts {
  const per = (value: number, by: number) => Math.round((value / by) * 100) / 100;
  const entries = Object.entries(difference(before, after)).map(([who, tallies]) => {
    const dearest = Object.entries(tallies).sort(([, one], [, other]) => other.ms - one.ms || other.count - one.count);
    const each = dearest.map(([what, { count, rows, bytes, ms, longest }]): [string, Tally] => [
      what,
      {
        count: per(count, reservations),
        rows: per(rows, reservations),
        bytes: Math.round(bytes / reservations),
        ms: per(ms, count),
        longest: round(longest),
      },
    ]);
    return [who, Object.fromEntries(each)] as const;
  });
  return Object.fromEntries(entries);
}
