import { describe, expect, it } from '@jest/globals';
import { createSharedReads } from './shared-reads.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function createStore() {
  const asked: string[][] = [];
  const rows = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  let gate: Promise<unknown> = Promise.resolve();
  const read = createSharedReads<string, number>(async (keys) => {
    asked.push([...keys]);
    const found = new Map(rows);
    await gate;
    return found;
  });
  return { asked, rows, read, wait: (until: Promise<unknown>) => void (gate = until) };
}

describe('shared reads', () => {
  it('of one moment are one query, each key once; what is not there is undefined', async () => {
    const { asked, read } = createStore();
    expect(await Promise.all([read('a'), read('b'), read('a'), read('c')])).toEqual([1, 2, 1, undefined]);
    expect(asked).toEqual([['a', 'b', 'c']]);
  });

  it('that begin while a query runs see what was written since', async () => {
    const { asked, rows, read, wait } = createStore();
    const gate = Promise.withResolvers<undefined>();
    wait(gate.promise);
    const before = read('a');
    await turn();
    rows.set('a', 10);
    const after = [read('a'), read('b')];
    gate.resolve(undefined);
    expect(await before).toBe(1);
    expect(await Promise.all(after)).toEqual([10, 2]);
    expect(asked).toEqual([['a'], ['a', 'b']]);
  });

  it('of a query that fails all fail, and the next do not', async () => {
    let fails = true;
    const read = createSharedReads<string, number>(() =>
      fails ? Promise.reject(new Error('away')) : Promise.resolve(new Map([['a', 1]])),
    );
    const settled = await Promise.allSettled([read('a'), read('b')]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await read('a')).toBe(1);
  });
});
