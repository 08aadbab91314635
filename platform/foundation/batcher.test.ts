import { describe, expect, it } from '@jest/globals';
import { createBatcher } from './batcher.ts';

/** A write that ends when the test says so. */
function createWrites() {
  const writes: { items: number[]; end: PromiseWithResolvers<undefined> }[] = [];
  return {
    writes,
    sizes: () => writes.map(({ items }) => items.length),
    write: (items: number[]) => {
      const end = Promise.withResolvers<undefined>();
      writes.push({ items, end });
      return end.promise;
    },
    /** Lets work that waits for the next turn run. */
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

describe('a batcher', () => {
  it('writes what comes while a write is under way together, in order', async () => {
    const { writes, write, turn } = createWrites();
    const batcher = createBatcher(write);
    const added = [batcher.add(1)];
    await turn();
    added.push(batcher.add(2), batcher.add(3));
    await turn();
    expect(writes.map(({ items }) => items)).toEqual([[1]]);
    writes[0]?.end.resolve(undefined);
    await turn();
    expect(writes.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    writes[1]?.end.resolve(undefined);
    await Promise.all(added);
    await batcher.idle();
  });

  it('lets the callers of one turn share the first write', async () => {
    const { writes, write, turn } = createWrites();
    const batcher = createBatcher(write);
    const added = [batcher.add(1), batcher.add(2)];
    await turn();
    expect(writes.map(({ items }) => items)).toEqual([[1, 2]]);
    writes[0]?.end.resolve(undefined);
    await Promise.all(added);
  });

  it('resolves no item before the write that contains it succeeded', async () => {
    const { writes, write, turn } = createWrites();
    const batcher = createBatcher(write);
    let isAnswered = false;
    const added = batcher.add(1).then(() => {
      isAnswered = true;
    });
    await turn();
    expect(isAnswered).toBe(false);
    writes[0]?.end.resolve(undefined);
    await added;
    expect(isAnswered).toBe(true);
  });

  it('rejects the items of a failed write, and no others', async () => {
    const { writes, write, turn } = createWrites();
    const batcher = createBatcher(write);
    const first = [batcher.add(1), batcher.add(2)];
    const settled = Promise.allSettled(first);
    await turn();
    const next = batcher.add(3);
    writes[0]?.end.reject(new Error('disk full'));
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await turn();
    writes[1]?.end.resolve(undefined);
    await next;
  });

  it('writes no more at once than it may', async () => {
    const { writes, write, sizes, turn } = createWrites();
    const batcher = createBatcher(write, { most: 2 });
    const added = [1, 2, 3, 4, 5].map((item) => batcher.add(item));
    for (let number = 0; number < 3; number += 1) {
      await turn();
      writes[number]?.end.resolve(undefined);
    }
    await Promise.all(added);
    expect(sizes()).toEqual([2, 2, 1]);
  });

  it('is idle once all is written, and works again after', async () => {
    const written: number[][] = [];
    const batcher = createBatcher<number>(async (items) => void written.push(items));
    await batcher.idle();
    void batcher.add(1);
    await batcher.idle();
    expect(written).toEqual([[1]]);
    await batcher.add(2);
    expect(written).toEqual([[1], [2]]);
  });
});
