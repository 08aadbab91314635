import { Schema, type Connection } from 'mongoose';
import { createBatcher } from '../foundation/batcher.ts';
import { isDuplicateKey } from './journal.ts';

/** Numbers 1, 2, 3 … that no two callers ever share; one may be missing when a caller did not use it. */
export interface Counters {
  next(name: string): Promise<number>;
}

interface Counter {
  _id: string;
  value: number;
}

const schema = new Schema<Counter>({ _id: String, value: Number }, { collection: 'counters', versionKey: false });

export function createCounters(database: Connection): Counters {
  const model = database.model<Counter>('Counter', schema);
  const batchers = new Map<string, ReturnType<typeof createBatcher<(value: number) => void>>>();

  async function increase(name: string, by: number): Promise<number> {
    for (;;) {
      try {
        const counter = await model.collection.findOneAndUpdate(
          { _id: name } as never,
          { $inc: { value: by } },
          { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } },
        );
        if (counter) return Number(counter['value']);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      // Another instance created the counter at this moment: some engines answer that with an error, some with nothing.
    }
  }

  function batcherOf(name: string) {
    const known = batchers.get(name);
    if (known) return known;
    // Callers at the same moment share one increment.
    const made = createBatcher<(value: number) => void>(async (takers) => {
      const last = await increase(name, takers.length);
      const first = last - takers.length + 1;
      takers.forEach((take, index) => take(first + index));
    });
    batchers.set(name, made);
    return made;
  }

  return {
    next: (name) =>
      new Promise((resolve, reject) => {
        batcherOf(name).add(resolve).catch(reject);
      }),
  };
}
