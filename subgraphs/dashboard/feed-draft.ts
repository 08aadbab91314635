import type { DomainEvent } from '../../schema/events/index.ts';
import { placeOf } from '../../platform/index.ts';
import type { FeedMemory } from './feed-memory.ts';
import { pointsMovedBy, project, touchedBy, type Rows, type Totals } from './projections.ts';
import type { Change, FeedDocument, ReadModels } from './read-models.ts';
import { rowKey, type PositionView } from './rows.ts';

/** An event on its way into the feed. */
export interface InboxMessage {
  /** Null when an operator discarded the event: only the position moves. */
  event: DomainEvent | null;
  subject: string;
  version: number;
  /** When it arrived, in ms since 1970. */
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
  /** How long an event waits for its cause, which may be parked. */
  causeWaitMs: number;
  /** The subject that a stream's events travel on. */
  subjectOf(service: string, stream: string): string;
  /** Changes say which trace they belong to. */
  traced?: boolean;
}

/** The rows that an event is applied to, and their keys in memory. */
function rowKeysOf(event: DomainEvent): [keyof Rows, string][] {
  const { reserveNo, bikeId, userId, minute } = touchedBy(event);
  const keys: [keyof Rows, string][] = [];
  if (reserveNo !== undefined) keys.push(['reservation', rowKey('reservation', reserveNo)]);
  if (bikeId !== undefined) keys.push(['bike', rowKey('bike', bikeId)]);
  if (userId !== undefined) keys.push(['account', rowKey('account', userId)]);
  if (minute !== undefined) keys.push(['minute', rowKey('minute', minute)]);
  return keys;
}

/** The reservation, bike and rider that a change is about. */
function aboutOf(event: DomainEvent): Pick<Change, 'userId' | 'bikeId' | 'points'> {
  const { userId, bikeId } = touchedBy(event);
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
  async function load(batch: InboxMessage[]): Promise<Map<string, unknown>> {
    const loaded = new Map<string, unknown>();
    const missing = new Set<string>();
    const want = (key: string) => {
      if (loaded.has(key)) return;
      if (memory.isKnown(key)) loaded.set(key, memory.recall(key));
      else missing.add(key);
    };
    const wantAll = (item: InboxMessage) => {
      const { event, subject, version } = item;
      want(`position:${subject}`);
      const cause = causeOf(item);
      if (cause) want(`position:${cause.subject}`);
      if (!event) return;
      const { begins, reserveNo = 0 } = touchedBy(event);
      // A reservation that begins now has no row yet.
      const isNew = version > Number(loaded.get(`position:${subject}`));
      if (begins && isNew) loaded.set(rowKey('reservation', reserveNo), undefined);
      for (const [, key] of rowKeysOf(event)) want(key);
    };
    for (const item of batch) {
      try {
        wantAll(item);
      } catch {
        // Applying it will report what is wrong with it.
      }
    }
    if (missing.size === 0) return loaded;
    const stored = await options.models.named([...missing]);
    for (const key of missing) {
      const view = stored.get(key);
      const value = key.startsWith('position:') ? ((view as PositionView | undefined)?.version ?? 0) : view;
      loaded.set(key, value);
      memory.remember(key, value);
    }
    return loaded;
  }

  /**
   * Whether an event's cause is in the feed: an effect is never shown before its cause, although the two travel on
   * different subjects.
   */
  function isReady(item: InboxMessage, positionOf: (subject: string) => number): boolean {
    const cause = causeOf(item);
    if (!cause || options.clock().getTime() - item.since > options.causeWaitMs) return true;
    return cause.version <= positionOf(cause.subject);
  }

  /** Applies events on top of the head; skips what the head already has, puts off what came before its cause. */
  async function draft<Item extends InboxMessage>(batch: Item[], head: number, totals: Totals): Promise<Draft<Item>> {
    const loaded = await load(batch);
    const changed = new Map<string, unknown>();
    const positions = new Map<string, number>();
    const failed = new Map<Item, unknown>();
    const changes: Change[] = [];
    let after = totals;
    const positionOf = (subject: string) => positions.get(subject) ?? (loaded.get(`position:${subject}`) as number);

    function apply({ event, subject, version }: InboxMessage): void {
      if (version <= positionOf(subject)) return;
      if (event) {
        const rows = Object.fromEntries(
          rowKeysOf(event).map(([name, key]) => [name, changed.get(key) ?? loaded.get(key)]),
        ) as Rows;
        const projected = project(event, rows, after);
        const { reservation, bike, account, minute } = projected.rows;
        if (reservation) changed.set(`reservation:${reservation.reserveNo}`, reservation);
        if (bike) changed.set(`bike:${bike.bikeId}`, bike);
        if (account) changed.set(`account:${account.userId}`, account);
        if (minute) changed.set(`minute:${minute.minute}`, minute);
        after = projected.totals;
        if (!projected.quiet) {
          const { id, type: eventType, time: at, traceparent } = event;
          changes.push({
            ...{ id, eventType, at, reservation: reservation ?? null, totals: after },
            ...aboutOf(event),
            ...(eventType === 'ReservationsRefused' ? { refusals: event.data.refusals } : {}),
            ...(options.traced && traceparent ? { traceparent } : {}),
          });
        }
      }
      positions.set(subject, version);
    }

    let waiting = batch;
    for (let progress = true; progress && waiting.length > 0;) {
      const notReady: Item[] = [];
      for (const item of waiting) {
        if (!isReady(item, positionOf)) {
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
    const rows = (kind: string) => [...changed].filter(([key]) => key.startsWith(kind)).map(([, row]) => row);
    const document = {
      _id: head + 1,
      at: options.clock(),
      changes,
      reservations: rows('reservation:'),
      bikes: rows('bike:'),
      accounts: rows('account:'),
      minutes: rows('minute:'),
      positions: [...positions].map(([subject, version]) => ({ subject, version })),
      totals: after,
    } as FeedDocument;
    return { document, failed, putOff: waiting };
  }

  return { draft };
}
