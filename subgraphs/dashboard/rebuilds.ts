import { randomUUID } from 'node:crypto';
import { Schema } from 'mongoose';
import {
  createRetry,
  isDuplicateKey,
  reachCrashPoint,
  type Part,
  type Retry,
  type Runtime,
} from '../../platform/index.ts';
import type { ReadModels } from './read-models.ts';
import { storedGenerations } from './rows.ts';
import type { Compared, RebuildProgress } from './rebuild.ts';

/** One attempt to rebuild the view. All of them are kept, with who ordered it and its result. */
export interface Rebuild extends Omit<RebuildProgress, 'status'>, Compared {
  /** The generation of rows that it builds; generations count up. */
  _id: number;
  status: RebuildStatus;
  by: string;
  acceptDifference: boolean;
  startedAt: Date;
  /** The last heartbeat of its worker. */
  beatAt: Date;
  finishedAt: Date | null;
  /** Why it failed. */
  problem: string | null;
  /** The feed's version with which it became live. */
  version: number | null;
  /** How often it was started: its process may have died. */
  attempt: number;
  /** The order's idempotency key. */
  key: string;
  /** The process that works on it. */
  worker: string;
}

/** `abandoned`: its process died, and the next one replaces it. */
export type RebuildStatus = RebuildProgress['status'] | 'switched' | 'refused' | 'failed' | 'abandoned';

export interface RebuildOrder {
  by: string;
  key: string;
  acceptDifference: boolean;
}

/** Rebuilds of the view, one at a time over all replicas: the replica that is asked works, another if that one dies. */
export interface Rebuilds extends Required<Omit<Part, 'show' | 'unpublished' | 'refused'>> {
  /** Starts one, unless one is running. The same key gives the same one. */
  order(
    order: RebuildOrder,
  ): Promise<{ rebuild: Rebuild | null; refusal: { code: RebuildRefusal; because: string } | null }>;
  /** The newest first. */
  list(limit: number): Promise<Rebuild[]>;
}

export type RebuildRefusal = 'REBUILD_UNDER_WAY' | 'IDEMPOTENCY_KEY_REUSED';

export interface RebuildsOptions extends Pick<Runtime, 'database' | 'logger' | 'clock' | 'time'> {
  models: ReadModels;
  /** Absorbs what other replicas committed. */
  catchUp(): Promise<void>;
  /** Does the work. Resolves with the feed's version of the switch; null when it was refused. */
  build(work: {
    rebuild: Rebuild;
    patience: Retry;
    progress(known: Partial<RebuildProgress>): void;
    compared(found: Compared): Promise<void>;
  }): Promise<number | null>;
  outageDelayMs: number;
  /** Another process takes over a rebuild that was silent for this long. */
  leaseMs: number;
  /** How long the replaced rows are kept: a replica may not know of the switch yet. */
  keepMs: number;
}

const mostAttempts = 3;
const underWay: readonly RebuildStatus[] = ['filling', 'comparing'];
const isUnderWay = ({ status }: Rebuild) => underWay.includes(status);

const schema = new Schema<Rebuild & { generation: number }>(
  {
    _id: Number,
    // Some engines sort by _id without an index.
    generation: Number,
    status: String,
    by: String,
    acceptDifference: Boolean,
    startedAt: Date,
    beatAt: Date,
    finishedAt: Date,
    events: Number,
    totalEvents: Number,
    differences: Number,
    examples: Schema.Types.Mixed,
    liveHash: String,
    rebuiltHash: String,
    problem: String,
    version: Number,
    attempt: Number,
    key: String,
    worker: String,
  },
  { collection: 'rebuilds', versionKey: false, minimize: false },
);
schema.index({ generation: -1 });
schema.index({ key: 1 });

export function createRebuilds(options: RebuildsOptions): Rebuilds {
  const { database, models, logger, clock, time } = options;
  const model = database.model('Rebuild', schema);
  const worker = randomUUID();
  let working: Promise<void> | undefined;
  let patience: Retry | undefined;
  let stopLooking: () => void = () => undefined;
  let isClosed = false;

  const list = (limit: number) => model.find().sort({ generation: -1 }).limit(limit).lean<Rebuild[]>().exec();
  const newest = async (): Promise<Rebuild | undefined> => (await list(1))[0];
  const ofKey = (key: string) => model.findOne({ key }).sort({ generation: -1 }).lean<Rebuild>().exec();

  /** @returns null when another process started one at this moment. */
  async function begin(order: RebuildOrder, before: Rebuild | undefined, attempt: number): Promise<Rebuild | null> {
    const now = clock();
    const rebuild: Rebuild = {
      _id: Math.max(before?._id ?? 0, models.live().generation) + 1,
      status: 'filling',
      by: order.by,
      acceptDifference: order.acceptDifference,
      startedAt: now,
      beatAt: now,
      finishedAt: null,
      events: 0,
      totalEvents: 0,
      differences: 0,
      examples: [],
      liveHash: '',
      rebuiltHash: '',
      problem: null,
      version: null,
      attempt,
      key: order.key,
      worker,
    };
    try {
      await model.collection.insertOne({ ...rebuild, generation: rebuild._id } as never, {
        writeConcern: { w: 'majority', journal: true },
      });
    } catch (error) {
      if (isDuplicateKey(error)) return null;
      throw error;
    }
    logger.warn({ generation: rebuild._id, by: order.by, attempt }, 'rebuilding the view');
    working = work(rebuild)
      .catch((error: unknown) => logger.error({ err: error }, 'a rebuild was left to others'))
      .finally(() => {
        working = undefined;
      });
    return rebuild;
  }

  /** @returns false when another process has taken it over. */
  async function note(rebuild: Rebuild, change: Partial<Rebuild>): Promise<boolean> {
    const mine = { _id: rebuild._id, worker, status: { $in: [...underWay] } };
    return (await model.updateOne(mine, { $set: { beatAt: clock(), ...change } }).exec()).matchedCount === 1;
  }

  async function work(rebuild: Rebuild): Promise<void> {
    const known: Partial<RebuildProgress> = {};
    const own = createRetry(time, options.outageDelayMs, (fields, phrase) => logger.warn(fields, phrase));
    patience = own;
    const beat = async () => {
      if (!(await note(rebuild, known))) own.end();
    };
    const stopBeating = time.every(options.leaseMs / 5, () => void beat().catch(() => undefined));
    try {
      const version = await options.build({
        rebuild,
        patience: own,
        progress: (more) => Object.assign(known, more),
        async compared(found) {
          if (!(await note(rebuild, { ...known, ...found }))) throw new Error('Another process took the rebuild over.');
        },
      });
      if (version !== null) reachCrashPoint('after-switch');
      await own.whileUnavailable(() =>
        end(rebuild, { ...known, status: version === null ? 'refused' : 'switched', version }),
      );
    } catch (error) {
      // A process that closes leaves it to the next one.
      if (own.ended) return;
      const problem = error instanceof Error ? error.message : String(error);
      await own.whileUnavailable(() => end(rebuild, { ...known, status: 'failed', problem }));
    } finally {
      stopBeating();
    }
  }

  async function end(rebuild: Rebuild, ending: Partial<Rebuild> & { status: RebuildStatus }): Promise<void> {
    const { status, version, problem } = ending;
    if (status !== 'switched') await models.rows(rebuild._id).drop();
    await note(rebuild, { ...ending, finishedAt: clock() });
    logger.warn({ generation: rebuild._id, status, version, problem }, 'the rebuild of the view ended');
  }

  /** Restarts a rebuild whose process died; one that had already switched is done. */
  async function takeOver(left: Rebuild): Promise<void> {
    await options.catchUp();
    const isLive = models.live().generation === left._id;
    const ending = { status: isLive ? 'switched' : 'abandoned', finishedAt: clock(), version: null };
    const asSeen = { _id: left._id, worker: left.worker, beatAt: left.beatAt, status: left.status };
    await model.updateOne(asSeen, { $set: ending }).exec();
    logger.warn({ generation: left._id, status: ending.status }, 'a rebuild was left behind');
  }

  async function look(): Promise<void> {
    let last = await newest();
    if (last && isUnderWay(last) && !working && isSilent(last)) {
      await takeOver(last);
      last = await newest();
    }
    // Its rows stay: a process that was only suspended may still make them live, as long as no replica commits.
    if (last?.status === 'abandoned' && !isClosed) {
      if (last.attempt < mostAttempts) await begin(last, last, last.attempt + 1);
      else await giveUp(last);
    }
    if (last?.status === 'switched') await cleanUp(last);
  }

  const isSilent = ({ beatAt }: Rebuild) => clock().getTime() - beatAt.getTime() > options.leaseMs;

  async function giveUp({ _id }: Rebuild): Promise<void> {
    const problem = `The process that worked on it died ${mostAttempts} times.`;
    await model.updateOne({ _id, status: 'abandoned' }, { $set: { status: 'failed', problem } }).exec();
  }

  let cleaned = 0;
  async function cleanUp({ _id, finishedAt }: Rebuild): Promise<void> {
    const isLong = finishedAt !== null && clock().getTime() - finishedAt.getTime() > options.keepMs;
    if (!isLong || cleaned === _id || models.live().generation !== _id) return;
    const replaced = (await storedGenerations(database)).filter((generation) => generation < _id);
    for (const generation of replaced) {
      await models.rows(generation).drop();
      logger.info({ generation }, 'dropped rows that were replaced');
    }
    // Looked at again until there are none: another replica may have written or dropped some at the same moment.
    if (replaced.length === 0) cleaned = _id;
  }

  return {
    list,
    async order(order) {
      for (;;) {
        const known = await ofKey(order.key);
        if (known && known.acceptDifference !== order.acceptDifference) {
          return refuse('IDEMPOTENCY_KEY_REUSED', 'The key was used before, with another body.', null);
        }
        if (known) return { rebuild: known, refusal: null };
        const last = await newest();
        if (last && (isUnderWay(last) || last.status === 'abandoned')) {
          return refuse('REBUILD_UNDER_WAY', `${last.by} had the view rebuilt; that has not ended yet.`, last);
        }
        const rebuild = await begin(order, last, 1);
        if (rebuild) return { rebuild, refusal: null };
      }
    },
    prepare: () => model.createIndexes(),
    start() {
      let looking: Promise<void> | undefined;
      const lookOut = () => {
        looking ??= look()
          .catch(() => undefined)
          .finally(() => (looking = undefined));
      };
      stopLooking = time.every(options.leaseMs / 3, lookOut);
      lookOut();
    },
    async close() {
      isClosed = true;
      stopLooking();
      patience?.end();
      await working;
      // Left to the next process at once.
      const mine = { worker, status: { $in: [...underWay] } };
      await model
        .updateMany(mine, { $set: { beatAt: new Date(0) } })
        .exec()
        .catch(() => undefined);
    },
  };
}

const refuse = (code: RebuildRefusal, because: string, rebuild: Rebuild | null) => ({
  rebuild,
  refusal: { code, because },
});
