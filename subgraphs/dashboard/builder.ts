import { parseEvent } from '../../schema/events/index.ts';
import type { Envelope } from '../../schema/events/envelope.ts';
import { parseOrThrow } from '../../platform/index.ts';
import { fingerprintOf } from './comparison.ts';
import { fold, positionName, rowNamesOf, versionIn, type Placed, type RowsByName } from './fold.ts';
import { noTotals, type Totals } from './projections.ts';
import { readRowKey, type View, type Views } from './row-keys.ts';
import type { ViewRows } from './rows.ts';

/** Makes the rows of a generation out of events. The order of events of different streams does not matter. */
export interface Builder {
  /** Applies events, those of a stream in their order; skips what the rows already have. Writes periodically. */
  apply(items: readonly Item[]): Promise<void>;
  /** How far it has come on each of these subjects. */
  positions(subjects: readonly string[]): Promise<Map<string, number>>;
  /** Writes what was applied. Safe to repeat after a failure. */
  flush(): Promise<void>;
  /** How many events it has applied. */
  events(): number;
  totals(): Totals;
  /** Of all rows that were written. */
  fingerprint(): bigint;
}

export interface Item {
  subject: string;
  version: number;
  /** Null where an operator discarded it, and its owner does not know it. */
  event: Envelope | null;
}

export interface BuilderOptions {
  rows: ViewRows;
  /** Whether an operator discarded the event: then only the position moves. */
  isDiscarded(subject: string, version: number): boolean;
  /** How many changed rows share a write. */
  flushRows: number;
  /** Called with the name of each row that is written. */
  written(rowName: string): void;
}

export function createBuilder({ rows, isDiscarded, flushRows, written }: BuilderOptions): Builder {
  /** Rows as they are now, `undefined` where none exists. */
  const known = new Map<string, View | undefined>();
  /** Changed and not written yet: newer than the database's. */
  const changed = new Map<string, View | undefined>();
  let totals = noTotals;
  let fingerprint = 0n;
  let events = 0;

  const inMemory: RowsByName = {
    get: (rowName) => known.get(rowName),
    set(rowName, view) {
      if (!changed.has(rowName)) changed.set(rowName, known.get(rowName));
      known.set(rowName, view);
    },
  };

  /** Reads the rows that are not known yet, all of a kind at once. */
  async function know(names: Iterable<string>): Promise<void> {
    const missing = [...new Set(names)].filter((name) => !known.has(name));
    const found = await rows.named(missing);
    for (const name of missing) known.set(name, found.get(name));
  }

  function applyOne(placed: Placed): void {
    const folded = fold(placed, inMemory, totals);
    if (!folded) return;
    totals = folded.totals;
    events += 1;
  }

  async function flush(): Promise<void> {
    const byKind = Map.groupBy([...changed.keys()], (name) => readRowKey(name).kind);
    await Promise.all(
      Array.from(byKind, ([kind, names]) =>
        rows.put(
          kind,
          names.map((name) => known.get(name) as Views[typeof kind]),
        ),
      ),
    );
    for (const [name, before] of changed) {
      const { kind } = readRowKey(name);
      fingerprint += fingerprintOf(kind, known.get(name)) - fingerprintOf(kind, before);
      written(name);
    }
    fingerprint = BigInt.asUintN(128, fingerprint);
    changed.clear();
    if (known.size > 10 * flushRows) known.clear();
  }

  return {
    async apply(items) {
      // Before any change: an event that does not parse must not leave half a page applied.
      const parsed = items.map(({ subject, version, event }) => ({
        subject,
        version,
        event: event === null || isDiscarded(subject, version) ? null : parseOrThrow(event, parseEvent),
      }));
      if (changed.size > flushRows) await flush();
      await know(parsed.flatMap(({ subject, event }) => [positionName(subject), ...(event ? rowNamesOf(event) : [])]));
      for (const placed of parsed) applyOne(placed);
    },
    async positions(subjects) {
      await know(subjects.map(positionName));
      return new Map(subjects.map((subject) => [subject, versionIn(inMemory, subject)]));
    },
    flush,
    events: () => events,
    totals: () => totals,
    fingerprint: () => fingerprint,
  };
}
