import { createLruCache } from '../../platform/server/index.ts';
import type { CheckedOperation } from '../documents/documents.ts';

/** Which operations come most often, so that a new supergraph has their plans before they come. */
export interface BusyOperations {
  count(operation: CheckedOperation): void;
  /** The most frequent first. */
  busiest(): Named[];
}

/** An operation as its client names it. */
export type Named = Pick<CheckedOperation, 'query' | 'name'>;

/** A client sends tens of operations: these are those of a few. */
const most = 100;
/** What the texts of all that are counted may take. */
const textBytes = 4_194_304;

export function createBusyOperations(): BusyOperations {
  const known = createLruCache<string, Named & { times: number }>(textBytes, ({ query }) => query.length);
  return {
    count({ key, query, name }) {
      const operation = known.get(key);
      if (operation) operation.times += 1;
      else known.set(key, { query, name, times: 1 });
    },
    busiest() {
      const all = [...known.values()].sort((one, other) => other.times - one.times);
      // What was busy long ago counts less each time.
      for (const operation of all) operation.times /= 2;
      return all.slice(0, most);
    },
  };
}
