import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createStage, type Stage } from '../../platform/service/testing.ts';
import { createCharges, type Charges, type OpenCharge } from './charges.ts';

let stage: Stage;
let charges: Charges;
beforeAll(async () => {
  stage = await createStage();
  const { database } = await stage.runtime('approval');
  charges = createCharges(database);
  await charges.prepare();
});
afterAll(() => stage.close());

const now = new Date('2026-11-26T09:00:00Z');
const after = (ms: number) => new Date(now.getTime() + ms);
let rows = 0;
let row: OpenCharge;
beforeEach(() => {
  row = {
    _id: `key:10:${(rows += 1)}`,
    bodyHash: 'of the body',
    body: {},
    userId: '10',
    price: 700,
    paymentToken: null,
    correlationId: 'test',
    traceparent: null,
    status: 'open',
    because: null,
    openedAt: now,
    attempts: 0,
    dueAt: after(15_000),
  };
});

describe('an open charge', () => {
  const longestMs = 600_000;
  const isDue = async (at: Date) => (await charges.due(at, longestMs, 50)).some(({ _id }) => _id === row._id);

  it('is due at its time', async () => {
    await charges.open(row);
    expect([await isDue(after(14_999)), await isDue(after(15_000))]).toEqual([false, true]);
  });

  it('that a clock ahead by an hour has put off is due at once by one that is right', async () => {
    await charges.open({ ...row, dueAt: after(3_600_000 + 15_000) });
    expect(await isDue(now)).toBe(true);
    await charges.take(row, after(longestMs));
    expect(await isDue(now)).toBe(false);
  });

  it('goes when the journal has its answer; one that another instance disputes stays for an operator', async () => {
    await charges.open(row);
    await charges.forget(row);
    expect(await charges.find(row._id)).toBeNull();
    await charges.open(row);
    await charges.dispute(row, 'another amount');
    await charges.forget(row);
    expect(await charges.find(row._id)).toMatchObject({ status: 'disputed', because: 'another amount' });
  });

  it('that is disputed after it went is there again', async () => {
    await charges.open(row);
    await charges.forget(row);
    await charges.dispute(row, 'another amount');
    expect(await charges.find(row._id)).toMatchObject({ status: 'disputed', price: 700 });
  });
});
