import { createBatcher } from './batcher.ts';

/**
 * Reads of one moment share a query, and those that come while it runs share the next: each sees what was there when it
 * was asked, or later.
 * @param find leaves out what is not there.
 */
export function createSharedReads<Key, Value>(
  find: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
): (key: Key) => Promise<Value | undefined> {
  const reads = createBatcher<{ key: Key; take: (value: Value | undefined) => void }>(async (asked) => {
    const found = await find([...new Set(asked.map(({ key }) => key))]);
    for (const { key, take } of asked) take(found.get(key));
  });
  return async (key) => {
    let value: Value | undefined;
    await reads.add({ key, take: (found) => (value = found) });
    return value;
  };
}
