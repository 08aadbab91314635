import { Schema, type Connection } from 'mongoose';
import { createBatcher } from '../foundation/batcher.ts';
import { writeRows } from '../event-core/read-model.ts';
import { createLruCache } from '../foundation/lru-cache.ts';
import { createSharedReads } from '../foundation/shared-reads.ts';
import { realTime, startPause, type Time } from '../foundation/time.ts';

/** How far a consumer has come on each subject: the last version it handled. */
export interface Checkpoints {
  get(subject: string): Promise<number>;
  /** The position in the database; another instance may have moved it. */
  reread(subject: string): Promise<number>;
  /** Visible to this instance at once; resolves when it is stored, together with others. Never moves back. */
  advance(subject: string, version: number): Promise<void>;
  /** Stores at once what was advanced: a caller waits for it. */
  hurry(): void;
}

/** Positions that can be waited for. */
export interface AwaitedCheckpoints extends Checkpoints {
  /**
   * Resolves with true when the version was handled, by any instance; with false after `timeoutMs`.
   * @param hurryOthers makes the other instances store what they handled.
   */
  reached(subject: string, version: number, timeoutMs: number, hurryOthers: () => void): Promise<boolean>;
}

/**
 * Positions of so long share a write, and so do the relay's marks of what was published. After a crash, what came
 * meanwhile is handled, or published, again.
 */
export const gatherMs = 1_000;

/**
 * Subjects whose positions are remembered: about 15 MB. Each bike, rider and purchase is one, so that they grow with the
 * journals. Far more than the events in progress: those are not forgotten before they are stored. A position that was is
 * read again, and an event that is then handled again is harmless.
 */
export const subjectsRemembered = 100_000;

/** How long to wait for this instance before asking the database what others have handled, at growing intervals. */
const firstLookMs = 20;

interface Position {
  _id: string;
  version: number;
}

const schema = new Schema<Position>({ _id: String, version: Number }, { collection: 'positions', versionKey: false });

/** Where positions are kept. */
export interface CheckpointStore {
  /** 0 for a subject of which nothing was handled. */
  read(subject: string): Promise<number>;
  /** Moves positions forward, never back; each subject occurs once. */
  raise(moves: { subject: string; version: number }[]): Promise<void>;
}

export function createCheckpointStore(database: Connection): CheckpointStore {
  const model = database.model<Position>('Position', schema);
  const read = createSharedReads<string, number>(async (subjects) => {
    const found = await model
      .find({ _id: { $in: subjects } })
      .lean<Position[]>()
      .exec();
    return new Map(found.map(({ _id, version }) => [_id, version]));
  });
  return {
    read: async (subject) => (await read(subject)) ?? 0,
    raise: (moves) =>
      writeRows(
        model.collection,
        moves.map(({ subject, version }) => ({ _id: subject, version })),
      ),
  };
}

/** @param gatherMs how long positions may wait for others, to share a write. */
export function createCheckpoints(table: CheckpointStore, gatherMs: number, time: Time = realTime): AwaitedCheckpoints {
  const watchers = new Map<string, Set<() => void>>();
  const known = createLruCache<string, number>(subjectsRemembered);
  const batcher = createBatcher<{ subject: string; version: number }>(
    (moves) => {
      // Of several moves of a subject only the farthest matters.
      const farthest = new Map<string, number>();
      for (const { subject, version } of moves) {
        farthest.set(subject, Math.max(version, farthest.get(subject) ?? 0));
      }
      return table.raise(Array.from(farthest, ([subject, version]) => ({ subject, version })));
    },
    { gatherMs, time },
  );

  async function reread(subject: string): Promise<number> {
    const version = Math.max(await table.read(subject), known.get(subject) ?? 0);
    known.set(subject, version);
    return version;
  }

  const get = async (subject: string) => known.get(subject) ?? (await reread(subject));

  /** Resolves when the subject moves on this instance, or after this time. */
  async function pauseFor(subject: string, ms: number): Promise<void> {
    const waiting = watchers.get(subject) ?? new Set();
    watchers.set(subject, waiting);
    const { over, end } = startPause(time, ms);
    waiting.add(end);
    await over;
    waiting.delete(end);
    if (waiting.size === 0 && watchers.get(subject) === waiting) watchers.delete(subject);
  }

  return {
    reread,
    get,
    async reached(subject, version, timeoutMs, hurryOthers) {
      const deadline = time.now() + timeoutMs;
      for (let pauseMs = firstLookMs; ; pauseMs *= 2) {
        if ((await get(subject)) >= version) return true;
        const left = deadline - time.now();
        if (left <= 0) return false;
        await pauseFor(subject, Math.min(pauseMs, left));
        if ((known.get(subject) ?? 0) >= version) return true;
        hurryOthers();
        await reread(subject);
      }
    },
    async advance(subject, version) {
      known.set(subject, Math.max(version, known.get(subject) ?? 0));
      for (const wake of watchers.get(subject) ?? []) wake();
      try {
        await batcher.add({ subject, version });
      } catch (error) {
        // Only what is stored may be relied on: the event comes again, and handling it again is harmless.
        known.delete(subject);
        throw error;
      }
    },
    hurry: () => batcher.hurry(),
  };
}
