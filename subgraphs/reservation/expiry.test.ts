import { describe, expect, it } from '@jest/globals';
import { expireAll, type Due } from './expiry.ts';

const dueOnes = (count: number): Due[] =>
  Array.from({ length: count }, (_, index) => ({ reserveNo: index + 1, bikeId: index, reserveStatus: 'RESERVED' }));

/** Those that are still due after a sweep in pages of three, where some cannot be expired. */
async function sweep(all: Due[], cannot: (reserveNo: number) => boolean) {
  const left = new Set(all);
  const page = async (after: number) => [...left].filter(({ reserveNo }) => reserveNo > after).slice(0, 3);
  const swept = await expireAll(page, 3, async (due) => {
    if (cannot(due.reserveNo)) throw new Error(`${due.reserveNo} cannot be expired`);
    left.delete(due);
  }).catch((error: unknown) => error);
  return { left: [...left].map(({ reserveNo }) => reserveNo), swept };
}

describe('expiry', () => {
  it.each([0, 1, 2, 3, 4, 7, 9])('expires all of %i that are due', async (count) => {
    expect(await sweep(dueOnes(count), () => false)).toEqual({ left: [], swept: undefined });
  });

  it('expires what is due behind more than a page that cannot be expired, and tells of the first', async () => {
    const { left, swept } = await sweep(dueOnes(12), (reserveNo) => reserveNo <= 7);
    expect(left).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(swept).toEqual(new Error('1 cannot be expired'));
  });
});
