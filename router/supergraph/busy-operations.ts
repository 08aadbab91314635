import { createLruCache } from '../../platform/server/index.ts';
import { decisionsIn } from '../documents/conditions.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import type { Variables } from '../documents/variables.ts';

/** Which operations come most often, so that a new supergraph has their plans before they come. */
export interface BusyOperations {
  count(operation: Pick<CheckedOperation, 'key' | 'query' | 'name' | 'conditions'>, variables: Variables): void;
  /** The most frequent first. */
  busiest(): Named[];
}

/** An operation as its client names it, and what of it is asked for. */
export type Named = Pick<CheckedOperation, 'query' | 'name'> & { decisions: Variables };

/** A client sends tens of operations: these are those of a few. */
const most = 100;
/** What the texts of all that are counted may take. */
const textBytes = 4_194_304;

export function createBusyOperations(): BusyOperations {
  const known = createLruCache<string, Named & { times: number }>(textBytes, ({ query }) => query.length);
  return {
    count(checked, variables) {
      const { key, query, name } = checked;
      const operation = known.get(key);
      // Which of its plans was needed first will do: the others are made when they are needed.
      if (operation) operation.times += 1;
      else known.set(key, { query, name, decisions: decisionsIn(checked, variables), times: 1 });
    },
    busiest() {
      const all = [...known.values()].sort((one, other) => other.times - one.times);
      // What was busy long ago counts less each time.
      for (const operation of all) operation.times /= 2;
      return all.slice(0, most);
    },
  };
}
