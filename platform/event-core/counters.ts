import { Schema, type Connection, type mongo } from 'mongoose';
import { createBatcher } from '../foundation/batcher.ts';
import { createRate } from '../foundation/rate.ts';
import { realTime, type Time } from '../foundation/time.ts';
import { isDuplicateKey } from './journal.ts';

/** Numbers 1, 2, 3 … that no two callers ever share; one may be missing when a caller did not use it. */
export interface Counters {
  next(name: string): Promise<number>;
  /** Gives back what was taken ahead, so that no number is missing after a restart. */
  close(): Promise<void>;
}

interface Counter {
  _id: string;
  value: number;
}

const schema = new Schema<Counter>({ _id: String, value: Number }, { collection: 'counters', versionKey: false });

/**
 * Who asks often has numbers taken ahead: a quarter of what was given out in the last second, so nothing when the system
 * is idle. They are kept for a second, because instances would number what happens now in another sequence otherwise.
 */
const AHEAD_SHARE = 1 / 4;
const AHEAD_MOST = 100;
const SECOND_MS = 1_000;

export function createCounters(database: Connection, time: Time = realTime): Counters {
  const model = database.model<Counter>('Counter', schema);
  const counters = new Map<string, ReturnType<typeof createCounter>>();

  function counterOf(name: string) {
    const known = counters.get(name);
    if (known) return known;
    const made = createCounter(model.collection as unknown as Collection, name, time);
    counters.set(name, made);
    return made;
  }

  return {
    next: (name) => counterOf(name).next(),
    async close() {
      await Promise.all([...counters.values()].map((counter) => counter.giveBack()));
    },
  };
}

type Collection = mongo.Collection<Counter>;

function createCounter(collection: Collection, name: string, time: Time) {
  /** Taken ahead: from `first` to `last`. */
  let ahead: { first: number; last: number } | undefined;
  let keptUntilOver: () => void = () => undefined;
  const rate = createRate(time);

  async function increase(by: number): Promise<number> {
    for (;;) {
      try {
        const counter = await collection.findOneAndUpdate(
          { _id: name },
          { $inc: { value: by } },
          { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } },
        );
        if (counter) return counter.value;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      // Another instance created the counter at this moment: some engines answer that with an error, some with nothing.
    }
  }

  // Callers at the same moment share one increment.
  const batcher = createBatcher<(value: number) => void>(async (takers) => {
    const more = Math.min(AHEAD_MOST, Math.floor(rate.lastSecond() * AHEAD_SHARE));
    const last = await increase(takers.length + more);
    const first = last - takers.length - more + 1;
    takers.forEach((take, index) => take(first + index));
    if (more === 0) return;
    keptUntilOver();
    ahead = { first: first + takers.length, last };
    keptUntilOver = time.after(SECOND_MS, () => void giveBack());
  });

  /** Unless another instance has taken numbers since, or the database is away: then these are missing. */
  async function giveBack(): Promise<void> {
    keptUntilOver();
    const unused = ahead;
    ahead = undefined;
    if (!unused || unused.first > unused.last) return;
    await collection
      .updateOne({ _id: name, value: unused.last }, { $set: { value: unused.first - 1 } })
      .catch(() => undefined);
  }

  return {
    giveBack,
    next(): Promise<number> {
      rate.count();
      if (ahead && ahead.first <= ahead.last) return Promise.resolve(ahead.first++);
      return new Promise((resolve, reject) => {
        batcher.add(resolve).catch(reject);
      });
    },
  };
}
