import { expect, it, jest } from '@jest/globals';
import { compareAtRandom } from './differential.ts';

jest.setTimeout(120_000);

// A few, for the minutes of a build; `npm run test:differential` compares as many as there is time for.
it('random operations on random supergraphs are answered as a monolith would, with either planner', async () => {
  const { operations, found } = await compareAtRandom(1, 400, ['own', 'apollo']);
  expect(operations).toBe(400);
  expect([...found.own, ...found.apollo]).toEqual([]);
});

it('which notices a wrong answer: the stock gateway gives some', async () => {
  const { found } = await compareAtRandom(1, 40, ['stock']);
  expect(found.stock.length).toBeGreaterThan(0);
});
