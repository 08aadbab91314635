import type { DomainEvent } from '../../schema/events/index.ts';
import { clientError, type Time } from '../../platform/index.ts';
import { createDrafter, type DraftOptions, type InboxMessage } from './feed-draft.ts';
import {
  cursorExpired,
  cursorOf,
  followFrom,
  latestIn,
  readCursor,
  type FeedItem,
  type FollowedFeed,
  type Place,
} from './feed-follower.ts';
import { createFeedMemory } from './feed-memory.ts';
import { positionName, versionIn } from './fold.ts';
import { noTotals, upgraded, type Totals } from './projections.ts';
import type { FeedDocument, ReadModels } from './read-models.ts';
import { namedRows, writtenFrom } from './row-keys.ts';

export interface Snapshot {
  /** Everything up to here is in the rows. */
  cursor: string;
  at: string | null;
  totals: Totals;
}

/**
 * The dashboard's own stream: events in, one commit per batch, changes out. A commit is one insert; everything else
 * (rows, positions, what subscribers see) follows from it, on every replica and after every restart alike.
 */
export interface Feed {
  load(): Promise<void>;
  /** Resolves when the event is in the feed and in the rows. */
  add(event: DomainEvent, subject: string): Promise<void>;
  /** Moves past an event that an operator discarded. */
  skip(subject: string, version: number): Promise<void>;
  position(subject: string): Promise<number>;
  /** Whether this replica has the commit. */
  has(version: number): boolean;
  /** Absorbs what other replicas committed. */
  catchUp(): Promise<void>;
  snapshot(): Snapshot;
  /** The latest changes up to a cursor, the newest first. */
  recent(cursor: string, count: number): Promise<FeedItem[]>;
  /** The newest commit that this replica has, and the totals after it. */
  head(): { version: number; totals: Totals };
  /**
   * Makes another generation of rows the live one, by a commit that subscribers do not see. Before it, other replicas
   * are asked to commit nothing for `withinMs`: with many writers it would always lose.
   * @param prepared gives the totals of the other rows at the head that it is given; null to cancel.
   * @returns the commit's version; null when it was cancelled, or another replica committed nevertheless.
   */
  switchTo(
    generation: number,
    withinMs: number,
    prepared: (at: { version: number; totals: Totals }) => Promise<Totals | null>,
  ): Promise<number | null>;
  /**
   * The changes after a cursor, then the live ones, with no gap and no repeat; without a cursor, only the live ones.
   * @throws a client error CURSOR_EXPIRED when the feed no longer goes back that far.
   */
  follow(after: string | null): Promise<AsyncIterableIterator<FeedItem>>;
  /** The commits themselves, for those who tell something else of them. */
  source: FollowedFeed;
  /**
   * Where a cursor stands; without one, at the head.
   * @throws a client error CURSOR_EXPIRED when the feed no longer goes back that far.
   */
  placeAfter(cursor: string | null): Promise<Place>;
  close(): Promise<void>;
}

interface Pending extends InboxMessage {
  resolve(): void;
  reject(error: unknown): void;
}

export interface FeedOptions extends DraftOptions {
  models: ReadModels;
  /** Waits and durations go by it, whatever happens to the clock. */
  time: Time;
  /** How long to gather events before a commit. */
  batchMs: number;
  /** How long rows may wait to be written, so that many commits share a write; 0 = written with each commit. */
  settleEveryMs: number;
  /** Most events in a commit. */
  batchSize: number;
  /** How many commits to keep in memory for subscribers. */
  recentCommits: number;
  /** How many rows to remember. */
  cacheSize: number;
  checkpointEveryMs: number;
  /** Called after each commit of this replica. */
  committed(version: number): void;
  /** Called with each commit, of this replica or another, the moment it counts. */
  absorbed?(document: FeedDocument): void;
  /** Called when commits were missed that are gone: what was made of commits has to be read again, from the rows. */
  forgotten?(): void;
}

const nothing = { changes: [], ...writtenFrom([]) };
/** After an outage each may have 500 events, and the rows that these changed. */
const pageOfCommits = 20;
/** How many commits to search for each of the latest changes. */
const lookBack = 4;
/** Others' commits are looked for each second: of a replica that did not for so long, nobody knows how long it slept. */
const sleepMs = 60_000;
/** Most commits whose rows may wait to be written. */
const maxUnsettled = 1_000;

/** Merges commits into one: the newest of each row, as of the last commit. */
const mergeCommits = (documents: FeedDocument[], last: FeedDocument): FeedDocument => ({
  ...last,
  ...writtenFrom(new Map(documents.flatMap(namedRows))),
});

export function createFeed(options: FeedOptions): Feed {
  const { models, time } = options;
  let head = 0;
  let totals: Totals = noTotals;
  let shown: Snapshot = { cursor: cursorOf(0, 0), at: null, totals: noTotals };
  let recent: FeedDocument[] = [];
  /** Absorbed, but perhaps not in the rows yet. */
  const unsettled: FeedDocument[] = [];
  let pending: Pending[] = [];
  let running: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let catchingUp: Promise<void> | undefined;
  let saved = { version: 0, at: -Infinity };
  let caughtUpAt = time.now();
  let closed = false;
  /** Until then this replica commits nothing. */
  let heldUntil = 0;
  const memory = createFeedMemory(options.cacheSize);
  const { draft } = createDrafter(options, memory);
  let stopSettling: (() => void) | undefined;
  const watchers = new Set<() => void>();

  /** Serialises whatever reads the head and moves it. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  /** Takes a commit into memory: from now on it counts. */
  function absorb(document: FeedDocument): void {
    head = document._id;
    totals = upgraded(document.totals);
    heldUntil = document.holdMs === undefined ? 0 : time.now() + document.holdMs;
    if (document.generation !== undefined) takeUp(document.generation);
    unsettled.push(document);
    memory.absorb(document);
    options.absorbed?.(document);
    // For those who follow, who read no rows; a commit of older code says by them alone what it touched.
    recent.push(document.touched ? { ...document, ...writtenFrom([]) } : document);
    if (recent.length > options.recentCommits) recent = recent.slice(-options.recentCommits);
    for (const wake of watchers) wake();
  }

  /** This generation's rows have everything up to here; memory holds those of the one before. */
  function takeUp(generation: number): void {
    models.use(generation);
    memory.forget();
    unsettled.length = 0;
  }

  /** Writes the rows of what was absorbed, each once. After a failure the next call does it: the commits stand. */
  async function settle(): Promise<void> {
    const last = unsettled.at(-1);
    if (last) {
      await models.write(mergeCommits(unsettled, last));
      const changed = unsettled.findLast(({ changes }) => changes.length > 0);
      shown = {
        cursor: cursorOf(last._id, last.changes.length),
        at: changed?.changes.at(-1)?.at ?? shown.at,
        totals: upgraded(last.totals),
      };
      unsettled.length = 0;
      memory.written();
    }
    // When no more events come, a later call saves the last totals: by the time they are needed the feed may not go
    // back.
    await saveNowAndThen(head, totals);
  }

  /** Delays writing, so that the rows of many commits share a write: memory has them. */
  function settleSoon(): void {
    stopSettling ??= time.after(options.settleEveryMs, () => {
      stopSettling = undefined;
      inTurn(settle).catch(() => {
        if (!closed) settleSoon();
      });
    });
  }

  async function saveNowAndThen(version: number, of: Totals): Promise<void> {
    const now = time.now();
    if (version === saved.version || now - saved.at < options.checkpointEveryMs) return;
    await models.saveCheckpoint(version, of);
    saved = { version, at: now };
  }

  /**
   * The next commits are gone: they were kept for as long as commits are, and this replica slept. Their rows were written,
   * and what is in memory is older.
   */
  async function forget(): Promise<void> {
    await settle();
    const checkpoint = await models.checkpoint();
    // Rebuilt rows may have become the live ones by a commit that is gone.
    if (checkpoint && checkpoint.version > head) models.use(checkpoint.generation ?? 0);
    memory.forget();
    options.forgotten?.();
  }

  async function catchUp(): Promise<void> {
    for (;;) {
      const missed = await models.feedAfter(head, pageOfCommits);
      for (const document of missed) {
        if (document._id <= head) continue;
        if (document._id > head + 1) await forget();
        absorb(document);
      }
      // The replica that committed them may have died before it wrote the rows.
      await settle();
      if (missed.length < pageOfCommits) break;
    }
    caughtUpAt = time.now();
  }

  async function position(subject: string): Promise<number> {
    const name = positionName(subject);
    if (memory.isKnown(name)) return versionIn(memory, subject);
    const { generation } = models.live();
    const version = await models.position(subject);
    if (models.live().generation !== generation) return position(subject);
    // A commit may have moved it meanwhile, and its row is written after the commit.
    if (!memory.isKnown(name)) memory.remember(name, { subject, version });
    return versionIn(memory, subject);
  }

  async function commit(batch: Pending[]): Promise<void> {
    if (options.settleEveryMs === 0 || unsettled.length >= maxUnsettled) await settle();
    // The version after a head of long ago may be free because its commit is gone.
    if (time.now() - caughtUpAt > sleepMs) await catchUp();
    for (;;) {
      await giveWay();
      const { document, failed, putOff } = await draft(batch, head, totals);
      if (document.positions.length > 0) {
        if (!(await models.append(document))) {
          await catchUp();
          continue;
        }
        absorb(document);
        options.committed(document._id);
      }
      if (options.settleEveryMs === 0) await settle();
      else settleSoon();
      // Last, because their causes must get into a batch.
      pending.push(...putOff);
      for (const item of batch) {
        if (failed.has(item)) item.reject(failed.get(item));
        else if (!putOff.includes(item)) item.resolve();
      }
      return;
    }
  }

  /** A commit without a change. Returns false when another replica was faster. */
  async function commitAlone(what: Pick<FeedDocument, 'totals' | 'generation' | 'holdMs'>): Promise<boolean> {
    const document = { ...nothing, _id: head + 1, at: options.clock(), ...what };
    if (!(await models.append(document))) return false;
    absorb(document);
    // This replica does not wait for itself.
    heldUntil = 0;
    options.committed(document._id);
    return true;
  }

  /** Another replica is about to switch: lets its commit through. */
  async function giveWay(): Promise<void> {
    while (heldUntil > time.now() && !closed) {
      await time.wait(options.batchMs);
      await catchUp();
    }
  }

  async function run(): Promise<void> {
    while (pending.length > 0) {
      await time.wait(options.batchMs);
      const batch = pending.slice(0, options.batchSize);
      pending = pending.slice(options.batchSize);
      try {
        await inTurn(() => commit(batch));
      } catch (error) {
        // The commit may stand: when the events come again, the positions will tell.
        await inTurn(catchUp).catch(() => undefined);
        for (const { reject } of batch) reject(error);
      }
    }
    running = undefined;
  }

  function enqueue(event: DomainEvent | null, subject: string, version: number): Promise<void> {
    return new Promise((resolve, reject) => {
      pending.push({ event, subject, version, since: time.now(), resolve, reject });
      running ??= run();
    });
  }

  async function commitsAfter(version: number): Promise<FeedDocument[]> {
    const first = recent[0]?._id;
    if (first !== undefined && first <= version + 1) return recent.filter(({ _id }) => _id > version);
    return head > version ? models.feedAfter(version, pageOfCommits) : [];
  }

  const source: FollowedFeed = { commitsAfter, watchers, head: () => head, isClosed: () => closed };

  return {
    position,
    // One that has not started yet serves all callers.
    catchUp: () =>
      (catchingUp ??= inTurn(() => {
        catchingUp = undefined;
        return catchUp();
      })),
    has: (version) => version <= head,
    snapshot: () => shown,

    async recent(cursor, count) {
      const until = readCursor(cursor);
      if (!until) return [];
      // Not every commit has a change for subscribers.
      const commits = lookBack * count;
      const after = Math.max(0, until.version - commits);
      const [oldest] = recent;
      const isInMemory = oldest !== undefined && oldest._id <= after + 1;
      return latestIn(isInMemory ? recent : await models.feedAfter(after, commits), until, count);
    },

    async load() {
      const checkpoint = await models.checkpoint();
      models.use(checkpoint?.generation ?? 0);
      head = checkpoint?.version ?? 0;
      saved = { version: head, at: -Infinity };
      totals = checkpoint ? upgraded(checkpoint.totals) : noTotals;
      shown = { cursor: cursorOf(head, Number.MAX_SAFE_INTEGER), at: null, totals };
      await inTurn(catchUp);
    },

    add: (event, subject) => enqueue(event, subject, event.sequence),
    async skip(subject, version) {
      if (version > (await position(subject))) await enqueue(null, subject, version);
    },

    head: () => ({ version: head, totals }),
    switchTo: (generation, withinMs, prepared) =>
      inTurn(async () => {
        while (!(await commitAlone({ totals, holdMs: withinMs }))) await catchUp();
        // The comparison reads the rows.
        await settle();
        const rebuilt = await prepared({ version: head, totals }).catch(async (error: unknown) => {
          await commitAlone({ totals }).catch(() => undefined);
          throw error;
        });
        // Any next commit ends the wait of the other replicas.
        if (!rebuilt) await commitAlone({ totals });
        if (!rebuilt || !(await commitAlone({ totals: rebuilt, generation }))) return null;
        const version = head;
        saved = { version: 0, at: -Infinity };
        await settle();
        return version;
      }),

    async follow(after) {
      return followFrom(await placeAfter(after), source);
    },
    source,
    placeAfter,

    async close() {
      closed = true;
      for (const wake of watchers) wake();
      stopSettling?.();
      while (running) await running;
      await inTurn(settle).catch(() => undefined);
      if (head > 0 && unsettled.length === 0) await models.saveCheckpoint(head, totals);
    },
  };

  async function placeAfter(cursor: string | null): Promise<Place> {
    if (cursor === null) return { version: head, index: Number.MAX_SAFE_INTEGER };
    const place = readCursor(cursor);
    if (!place) throw clientError('BAD_USER_INPUT', '"after" is not a cursor of this feed.');
    // It may come from another replica, for a commit that this one has not absorbed.
    if (place.version > head) await inTurn(catchUp);
    const oldest = (await models.oldestVersion()) ?? head + 1;
    // Version n is needed in part, n + 1 completely; of version 0 nothing.
    const isWhole = place.index === Number.MAX_SAFE_INTEGER || place.version === 0;
    const needed = isWhole ? place.version + 1 : place.version;
    if (place.version > head || (needed < oldest && place.version < head)) throw cursorExpired();
    return place;
  }
}
