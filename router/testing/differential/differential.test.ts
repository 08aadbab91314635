import { expect, it, jest } from '@jest/globals';
import { compareAtRandom } from './differential.ts';

jest.setTimeout(120_000);

it('random operations on random supergraphs are answered as a monolith would, with either planner', async () => {
  const { operations, found } = await compareAtRandom(1, 1_000, ['own', 'apollo']);
  expect(operations).toBe(1_000);
  expect([...found.own, ...found.apollo]).toEqual([]);
});

it('which notices a wrong answer: the stock gateway gives some', async () => {
  const { found } = await compareAtRandom(1, 300, ['stock']);
  expect(found.stock.length).toBeGreaterThan(0);
});
