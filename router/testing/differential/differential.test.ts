import { expect, it, jest } from '@jest/globals';
import { compareAtRandom } from './differential.ts';

jest.setTimeout(600_000);

async function compare(seed: number, operations: number, engine: 'own' | 'apollo' | 'stock') {
  const told: string[] = [];
  const so = await compareAtRandom({ seed, operations, engines: [engine], tell: (what) => told.push(what) });
  return { ...so, told };
}

it.each([
  // About a minute of one core; `npm run test:differential` compares as many as there is time for.
  ['own', 2_000],
  ['apollo', 400],
] as const)(
  'random operations on random supergraphs are answered as a monolith would (%s)',
  async (engine, operations) => {
    const { told, inParts, ...so } = await compare(1, operations, engine);
    expect(told).toEqual([]);
    expect(so.operations).toBeGreaterThanOrEqual(operations);
    // Queries and mutations with @defer are among them.
    expect(inParts).toBeGreaterThan(operations / 10);
  },
);

it('which notices a wrong answer: the stock gateway gives some', async () => {
  const { different } = await compare(1, 80, 'stock');
  expect(different.stock).toBeGreaterThan(0);
});
