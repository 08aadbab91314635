import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Unwanted } from '../../platform/server/index.ts';
import { createSharing } from './sharing.ts';

/** Work that ends when the test says so. */
function createWork() {
  const begun: { unwanted: Unwanted; end(result: string): void; fail(error: Error): void }[] = [];
  const work = (unwanted: Unwanted) =>
    new Promise<string>((end, fail) => {
      begun.push({ unwanted, end, fail });
    });
  return { begun, work };
}

describe('work that several want', () => {
  it('is done once while it is under way, and again after it has ended', async () => {
    const { join } = createSharing<string>();
    const { begun, work } = createWork();
    const both = [join('a', work), join('a', work, new AbortController().signal)];
    expect(begun).toHaveLength(1);
    begun[0]?.end('one');
    expect(await Promise.all(both)).toEqual(['one', 'one']);
    void join('a', work);
    expect(begun).toHaveLength(2);
  });

  it('is not shared by others', () => {
    const { join } = createSharing<string>();
    const { begun, work } = createWork();
    void join('a', work);
    void join('b', work);
    expect(begun).toHaveLength(2);
  });

  it('fails for each of them, and is done again then', async () => {
    const { join } = createSharing<string>();
    const { begun, work } = createWork();
    const both = [join('a', work), join('a', work, new AbortController().signal)];
    begun[0]?.fail(new Error('away'));
    for (const each of both) await expect(each).rejects.toThrow('away');
    await delay(0);
    void join('a', work);
    expect(begun).toHaveLength(2);
  });

  it('goes on for who is left, and is given up with the last', async () => {
    const { join } = createSharing<string>();
    const { begun, work } = createWork();
    const [first, second] = [new AbortController(), new AbortController()];
    const left = join('a', work, first.signal);
    const last = join('a', work, second.signal);
    first.abort();
    await expect(left).rejects.toThrow();
    expect(begun[0]?.unwanted.aborted).toBe(false);
    second.abort();
    await expect(last).rejects.toThrow();
    expect(begun[0]?.unwanted.aborted).toBe(true);
    void join('a', work).catch(() => undefined);
    expect(begun).toHaveLength(2);
  });

  it('is not for who has gone already', async () => {
    const { join } = createSharing<string>();
    const { begun, work } = createWork();
    await expect(join('a', work, AbortSignal.abort())).rejects.toThrow();
    expect(begun[0]?.unwanted.aborted).toBe(true);
  });

  it('takes nobody in once it is parted from', async () => {
    const { join, part } = createSharing<string>();
    const { begun, work } = createWork();
    const first = join('a', work);
    part('a');
    const second = join('a', work);
    expect(begun).toHaveLength(2);
    begun[0]?.end('old');
    begun[1]?.end('new');
    expect(await Promise.all([first, second])).toEqual(['old', 'new']);
  });
});
