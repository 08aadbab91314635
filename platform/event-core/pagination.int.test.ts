import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Schema, type Model } from 'mongoose';
import { maxPageSize, paginate, type Connection, type Order } from './pagination.ts';
import { ContractError } from '../foundation/errors.ts';
import { createStage, type Stage } from '../service/testing.ts';

interface Ride {
  _id: number;
  number: number;
  at: string;
  rider: string;
}

let stage: Stage;
let rides: Model<Ride>;

/** By time, the newest first; many rides have the same time. */
const newestFirst: Order = [
  ['at', -1],
  ['number', -1],
];
const rideOf = (number: number): Ride => ({
  _id: number,
  number,
  at: `2026-11-23T00:00:0${Math.floor(number / 30) % 10}Z`,
  rider: number % 2 ? 'odd' : 'even',
});

beforeAll(async () => {
  stage = await createStage();
  const { database } = await stage.runtime('owner');
  const schema = new Schema<Ride>({ _id: Number, number: Number, at: String, rider: String }, { collection: 'rides' });
  schema.index({ at: -1, number: -1 });
  schema.index({ number: 1 }, { unique: true });
  rides = database.model<Ride>('Ride', schema);
  await rides.createIndexes();
  await rides.insertMany(Array.from({ length: 250 }, (_, index) => rideOf(index)));
});
afterAll(() => stage.close());

/** All pages, with an action between them. */
async function readAll(filter: Record<string, unknown>, order: Order, first: number, between?: () => Promise<unknown>) {
  const numbers: number[] = [];
  for (let after: string | null = null; ;) {
    const { nodes, edges, pageInfo }: Connection<Ride> = await paginate(rides, filter, order, { first, after });
    numbers.push(...nodes.map(({ number }) => number));
    expect(pageInfo).toEqual({
      hasNextPage: nodes.length === first && pageInfo.hasNextPage,
      hasPreviousPage: after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    });
    if (!pageInfo.hasNextPage) return numbers;
    after = pageInfo.endCursor;
    await between?.();
  }
}

describe('a page', () => {
  it.each([1, 7, 30, 200])('leads to the next until all %i by %i were read, none twice', async (first) => {
    const all = Array.from({ length: 250 }, (_, index) => 249 - index).sort(
      (one, other) => rideOf(other).at.localeCompare(rideOf(one).at) || other - one,
    );
    if (first > 1) expect(await readAll({}, newestFirst, first)).toEqual(all);
    expect(await readAll({ rider: 'odd', number: { $lt: 20 } }, newestFirst, first)).toEqual([
      19, 17, 15, 13, 11, 9, 7, 5, 3, 1,
    ]);
  });

  it('neither leaves out nor repeats anything while others write', async () => {
    let number = 1_000;
    const seen = await readAll({}, newestFirst, 11, () =>
      // Before, at and after the cursor.
      rides.insertMany([number++, number++, number++, number++, number++].map(rideOf)),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((seenNumber) => seenNumber < 1_000).length).toBe(250);
    await rides.deleteMany({ number: { $gte: 1_000 } });
    const left: number[] = await readAll({}, [['number', 1]], 10, () => rides.deleteOne({ number: 5 }));
    expect(left).toHaveLength(250);
    await rides.insertMany([rideOf(5)]);
  });

  it('counts everything that fits the filter, not only what it shows', async () => {
    const { totalCount, nodes } = await paginate(rides, { rider: 'odd' }, newestFirst, { first: 3 });
    expect(nodes).toHaveLength(3);
    expect(await totalCount()).toBe(125);
    const empty = await paginate(rides, { rider: 'nobody' }, newestFirst, {});
    expect(empty).toMatchObject({ edges: [], nodes: [], pageInfo: { hasNextPage: false, endCursor: null } });
    expect(await empty.totalCount()).toBe(0);
  });

  it('is of 1 to 200, of 50 by default', async () => {
    for (const first of [0, -1, maxPageSize + 1]) {
      await expect(paginate(rides, {}, newestFirst, { first })).rejects.toBeInstanceOf(ContractError);
    }
    expect((await paginate(rides, {}, newestFirst, {})).nodes).toHaveLength(50);
    expect((await paginate(rides, {}, newestFirst, { first: maxPageSize })).nodes).toHaveLength(maxPageSize);
  });

  it('refuses a cursor that is none of its list', async () => {
    const { pageInfo } = await paginate(rides, {}, [['number', 1]], { first: 1 });
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const after of ['x', pageInfo.endCursor, encoded([{ $gt: '' }, 1]), encoded([null, null]), encoded({})]) {
      await expect(paginate(rides, {}, newestFirst, { first: 1, after })).rejects.toBeInstanceOf(ContractError);
    }
  });
});
