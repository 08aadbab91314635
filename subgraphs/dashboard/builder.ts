import { parseEvent, type DomainEvent } from '../../schema/events/index.ts';
import type { Envelope } from '../../schema/events/envelope.ts';
import { parseOrThrow } from '../../platform/index.ts';
import { fingerprintOf } from './comparison.ts';
import { noTotals, project, touchedBy, type Rows, type Totals } from './projections.ts';
import { readRowKey, rowKey, type Key, type Kind, type ViewRows, type Views } from './rows.ts';

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
  const known = new Map<string, Views[Kind] | undefined>();
  /** Changed and not written yet: newer than the database's. */
  const changed = new Map<string, Views[Kind] | undefined>();
  let totals = noTotals;
  let fingerprint = 0n;
  let events = 0;

  const recall = <Name extends Kind>(kind: Name, key: Key) => known.get(rowKey(kind, key)) as Views[Name] | undefined;

  function change<Name extends Kind>(kind: Name, key: Key, view: Views[Name]): void {
    const name = rowKey(kind, key);
    if (!changed.has(name)) changed.set(name, known.get(name));
    known.set(name, view);
  }

  /** Reads the rows that are not known yet, all of a kind at once. */
  async function know(names: Iterable<string>): Promise<void> {
    const missing = new Set([...names].filter((name) => !known.has(name)));
    const byKind = Map.groupBy(Array.from(missing, readRowKey), ({ kind }) => kind);
    await Promise.all(
      Array.from(byKind, async ([kind, named]) => {
        const keys = named.map(({ key }) => key);
        const found = await rows.find(kind, keys);
        for (const key of keys) known.set(rowKey(kind, key), found.get(key));
      }),
    );
  }

  function applyOne(subject: string, version: number, event: DomainEvent | null): void {
    if (version <= (recall('position', subject)?.version ?? 0)) return;
    if (event) {
      const { reserveNo, bikeId, userId, minute: when } = touchedBy(event);
      const before: Rows = {
        reservation: reserveNo === undefined ? undefined : recall('reservation', reserveNo),
        bike: bikeId === undefined ? undefined : recall('bike', bikeId),
        account: userId === undefined ? undefined : recall('account', userId),
        minute: when === undefined ? undefined : recall('minute', when),
      };
      const projected = project(event, before, totals);
      const { reservation, bike, account, minute } = projected.rows;
      if (reservation) change('reservation', reservation.reserveNo, reservation);
      if (bike) change('bike', bike.bikeId, bike);
      if (account) change('account', account.userId, account);
      if (minute) change('minute', minute.minute, minute);
      totals = projected.totals;
    }
    change('position', subject, { subject, version });
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
      await know(
        parsed.flatMap(({ subject, event }) => [rowKey('position', subject), ...(event ? namesOf(event) : [])]),
      );
      for (const { subject, version, event } of parsed) applyOne(subject, version, event);
    },
    async positions(subjects) {
      await know(subjects.map((subject) => rowKey('position', subject)));
      return new Map(subjects.map((subject) => [subject, recall('position', subject)?.version ?? 0]));
    },
    flush,
    events: () => events,
    totals: () => totals,
    fingerprint: () => fingerprint,
  };
}

function namesOf(event: DomainEvent): string[] {
  const { reserveNo, bikeId, userId, minute } = touchedBy(event);
  return [
    ...(reserveNo === undefined ? [] : [rowKey('reservation', reserveNo)]),
    ...(bikeId === undefined ? [] : [rowKey('bike', bikeId)]),
    ...(userId === undefined ? [] : [rowKey('account', userId)]),
    ...(minute === undefined ? [] : [rowKey('minute', minute)]),
  ];
}
