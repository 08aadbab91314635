import { describe, expect, it } from '@jest/globals';
import { createBatcher } from './batcher.ts';
import { realTime, type Time } from './time.ts';

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

  it('gathers more for a while, unless a write is full', async () => {
    const { writes, write, sizes, turn } = createWrites();
    let endPause: () => void = () => undefined;
    const after: Time['after'] = (_ms, call) => {
      endPause = call;
      return () => undefined;
    };
    const batcher = createBatcher(write, { most: 2, gatherMs: 1_000, time: { ...realTime, after } });
    const added = [batcher.add(1)];
    await turn();
    expect(sizes()).toEqual([]);
    added.push(batcher.add(2), batcher.add(3), batcher.add(4), batcher.add(5));
    await turn();
    expect(sizes()).toEqual([2]);
    writes[0]?.end.resolve(undefined);
    await turn();
    expect(sizes()).toEqual([2, 2]);
    writes[1]?.end.resolve(undefined);
    await turn();
    expect(sizes()).toEqual([2, 2]);
    endPause();
    await turn();
    expect(sizes()).toEqual([2, 2, 1]);
    writes[2]?.end.resolve(undefined);
    await Promise.all(added);
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

describe('a batcher that is busy', () => {
  const busyMs = 4;

  /** A clock that moves when it is told to, or when somebody waits. */
  function createBusy(write: (items: number[]) => Promise<void> = () => Promise.resolve()) {
    const sizes: number[] = [];
    const waits: number[] = [];
    let now = 0;
    let meanwhile: () => void = () => undefined;
    const time: Time = {
      ...realTime,
      now: () => now,
      wait(ms) {
        waits.push(ms);
        now += ms;
        meanwhile();
        return Promise.resolve();
      },
    };
    const batcher = createBatcher<number>(
      (items) => {
        sizes.push(items.length);
        return write(items);
      },
      { busyMs, time },
    );
    return {
      batcher,
      sizes,
      waits,
      pass: (ms: number) => void (now += ms),
      whileItWaits: (work: () => void) => void (meanwhile = work),
      /** A second with so many, one after the other. */
      async liveThrough(count: number) {
        for (let index = 0; index < count; index += 1) {
          await batcher.add(index);
          now += 1_000 / count;
        }
        waits.length = 0;
        sizes.length = 0;
      },
    };
  }

  it('lets an item wait for others, which share its write', async () => {
    const { batcher, sizes, waits, liveThrough, whileItWaits } = createBusy();
    await liveThrough(100);
    const others: Promise<void>[] = [];
    whileItWaits(() => void others.push(batcher.add(2), batcher.add(3)));
    await batcher.add(1);
    await Promise.all(others);
    expect(waits).toEqual([busyMs]);
    expect(sizes).toEqual([3]);
  });

  it('writes at once when few come', async () => {
    const { batcher, waits, liveThrough } = createBusy();
    await batcher.add(1);
    await liveThrough(60);
    await batcher.add(2);
    expect(waits).toEqual([]);
  });

  it('writes at once again when it has been quiet', async () => {
    const { batcher, waits, liveThrough, pass } = createBusy();
    await liveThrough(100);
    pass(2_000);
    await batcher.add(1);
    expect(waits).toEqual([]);
  });

  it('lets no item wait that has waited for the write before', async () => {
    const slow = Promise.withResolvers<undefined>();
    let isSlow = false;
    const { batcher, sizes, waits, liveThrough, pass } = createBusy(() => (isSlow ? slow.promise : Promise.resolve()));
    await liveThrough(100);
    isSlow = true;
    const first = batcher.add(1);
    await new Promise((resolve) => setImmediate(resolve));
    const second = batcher.add(2);
    pass(busyMs);
    slow.resolve(undefined);
    await Promise.all([first, second]);
    expect(waits).toEqual([busyMs]);
    expect(sizes).toEqual([1, 1]);
  });
});
