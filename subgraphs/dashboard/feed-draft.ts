import type { DomainEvent } from '../../schema/events/index.ts';
import { placeOf, type Time } from '../../platform/index.ts';
import type { FeedMemory } from './feed-memory.ts';
import { fold, positionName, rowNamesOf, versionIn, type Placed, type RowsByName } from './fold.ts';
import { hoursOn, type HourView } from './hours.ts';
import { dayOf, onDay, pointsMovedBy, touchedBy, type Projected, type Totals } from './projections.ts';
import type { Change, FeedDocument, ReadModels } from './read-models.ts';
import { rowKey, writtenFrom, type View } from './row-keys.ts';
import { stationsTouched } from './station-counts.ts';

/** An event on its way into the feed. */
export interface InboxMessage extends Placed {
  /** When it arrived, by `Time.now`. */
  since: number;
}

/** A commit that is not made yet. */
export interface Draft<Item> {
  document: FeedDocument;
  /** What could not be applied, and why. */
  failed: Map<Item, unknown>;
  /** Events that arrived before their cause. */
  putOff: Item[];
}

export interface DraftOptions {
  models: Pick<ReadModels, 'named'>;
  clock(): Date;
  time: Pick<Time, 'now'>;
  /** How long an event waits for its cause, which may be parked. */
  causeWaitMs: number;
  /** The subject that a stream's events travel on. */
  subjectOf(service: string, stream: string): string;
  /** Changes say which trace they belong to. */
  traced?: boolean;
}

/** The bike, the rider and the points that a change is about. */
function aboutOf(event: DomainEvent): Pick<Change, 'userId' | 'bikeId' | 'points'> {
  const { account: userId, bike: bikeId } = touchedBy(event);
  const points = pointsMovedBy(event);
  return {
    ...(userId === undefined ? {} : { userId }),
    ...(bikeId === undefined ? {} : { bikeId }),
    ...(points === null ? {} : { points }),
  };
}

/** Builds commits from events, in memory only. */
export function createDrafter(options: DraftOptions, memory: FeedMemory) {
  /** The subject and version of an event's cause. */
  function causeOf({ event }: InboxMessage): { subject: string; version: number } | null {
    const cause = event && placeOf(event.causationid);
    return cause && { subject: options.subjectOf(cause.service, cause.stream), version: cause.version };
  }

  /** What a batch reads, by key. Rows that memory lacks are read together: singly, each event would wait for them. */
  async function load(batch: InboxMessage[], hours: string[]): Promise<Map<string, View | undefined>> {
    const loaded = new Map<string, View | undefined>();
    const missing = new Set<string>();
    const want = (rowName: string) => {
      if (loaded.has(rowName)) return;
      if (memory.isKnown(rowName)) loaded.set(rowName, memory.get(rowName));
      else missing.add(rowName);
    };
    const wantAll = (item: InboxMessage) => {
      const { event, subject, version } = item;
      const position = positionName(subject);
      want(position);
      const cause = causeOf(item);
      if (cause) want(positionName(cause.subject));
      if (!event) return;
      // A reservation that begins now has no row yet.
      const isNew = loaded.has(position) && version > versionIn(loaded, subject);
      if (isNew && event.type === 'ReservationRequested') {
        loaded.set(rowKey('reservation', event.data.reserveNo), undefined);
      }
      rowNamesOf(event).forEach(want);
    };
    hours.forEach(want);
    for (const item of batch) {
      try {
        wantAll(item);
      } catch {
        // Applying it will report what is wrong with it.
      }
    }
    if (missing.size === 0) return loaded;
    const stored = await options.models.named([...missing]);
    for (const rowName of missing) {
      const view = stored.get(rowName);
      loaded.set(rowName, view);
      memory.remember(rowName, view);
    }
    return loaded;
  }

  /** What subscribers see of an event. */
  function changeOf(event: DomainEvent, { rows }: Projected, totals: Totals): Change {
    const { id, type: eventType, time: at, traceparent } = event;
    return {
      ...{ id, eventType, at, reservation: rows.reservation ?? null, totals },
      ...aboutOf(event),
      ...(eventType === 'ReservationsRefused' ? { refusals: event.data.refusals } : {}),
      ...(options.traced && traceparent ? { traceparent } : {}),
    };
  }

  /**
   * Whether an event's cause is in the feed: an effect is never shown before its cause, although the two travel on
   * different subjects.
   */
  function isReady(item: InboxMessage, rows: RowsByName): boolean {
    const cause = causeOf(item);
    if (!cause || options.time.now() - item.since > options.causeWaitMs) return true;
    return cause.version <= versionIn(rows, cause.subject);
  }

  /** Applies events on top of the head; skips what the head already has, puts off what came before its cause. */
  async function draft<Item extends InboxMessage>(batch: Item[], head: number, totals: Totals): Promise<Draft<Item>> {
    // Those of the totals may be of another day, from a clock that is ahead: subscribers are told of this one.
    const today = dayOf(options.clock().toISOString());
    const hours = hoursOn(today).map((hour) => rowKey('hour', hour));
    const loaded = await load(batch, hours);
    const changed = new Map<string, View>();
    const rows: RowsByName = {
      get: (rowName) => changed.get(rowName) ?? loaded.get(rowName),
      set: (rowName, view) => changed.set(rowName, view),
    };
    const failed = new Map<Item, unknown>();
    const changes: Change[] = [];
    let after = totals;

    function apply(item: InboxMessage): void {
      const projected = fold(item, rows, after);
      if (!projected) return;
      after = projected.totals;
      if (!item.event || projected.quiet) return;
      const counted = hours.values().map((name) => rows.get(name) as HourView | undefined);
      const told = onDay(
        after,
        today,
        counted.filter((hour) => hour !== undefined),
      );
      changes.push(changeOf(item.event, projected, told));
    }

    let waiting = batch;
    for (let progress = true; progress && waiting.length > 0;) {
      const notReady: Item[] = [];
      for (const item of waiting) {
        if (!isReady(item, rows)) {
          notReady.push(item);
          continue;
        }
        try {
          apply(item);
        } catch (error) {
          failed.set(item, error);
        }
      }
      progress = notReady.length < waiting.length;
      waiting = notReady;
    }
    const document: FeedDocument = {
      _id: head + 1,
      at: options.clock(),
      changes,
      ...writtenFrom(changed),
      totals: after,
      touched: stationsTouched(changed, loaded),
    };
    return { document, failed, putOff: waiting };
  }

  return { draft };
}
