import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createParkingTable } from './parking-table.ts';
import { createParking, type ErrorClass, type FailedMessage } from './parking.ts';
import type { Runtime } from './runtime.ts';
import { createStage, type Stage } from './testing.ts';

let stage: Stage;
let runtime: Runtime;
let now = new Date('2026-11-23T00:00:00Z');

beforeAll(async () => {
  stage = await createStage();
  runtime = await stage.runtime('follower');
  await createParking(createParkingTable(runtime.database), () => now).createIndexes();
});
afterAll(() => stage.close());

const failed = (subject: string, version: number | null, errorClass: ErrorClass = 'unknown'): FailedMessage => ({
  id: `${subject}#${version ?? 'x'}`,
  subject,
  version,
  event: null,
  payload: '{"$set": 1}',
  errorClass,
  error: new Error(`${errorClass} ${version ?? ''}`),
});

describe('parking', () => {
  it('counts attempts in the database, so that a restart goes on counting', async () => {
    const before = createParking(createParkingTable(runtime.database), () => now);
    expect(await before.recordAttempt(failed('counted', 1))).toBe(1);
    now = new Date('2026-11-23T00:01:00Z');
    expect(await before.recordAttempt(failed('counted', 1))).toBe(2);
    const after = createParking(createParkingTable((await stage.runtime('follower')).database), () => now);
    await after.firsts();
    expect(after.blocks('counted')).toBe(false);
    expect(await after.recordAttempt(failed('counted', 1))).toBe(3);
    expect(await after.get('counted#1')).toMatchObject({
      status: 'retrying',
      attempts: 3,
      firstAt: new Date('2026-11-23T00:00:00Z'),
      lastAt: new Date('2026-11-23T00:01:00Z'),
    });
    await after.clear('counted#1');
    expect(await after.get('counted#1')).toBeNull();
  });

  it('blocks a subject from the first parked message until the last is settled, over a restart too', async () => {
    const parking = createParking(createParkingTable(runtime.database), () => now);
    await parking.park(failed('blocked', 10, 'contract'));
    await parking.park(failed('blocked', 9, 'behind'));
    expect((await parking.ofSubject('blocked')).map(({ version }) => version)).toEqual([9, 10]);
    expect(parking.blocks('blocked')).toBe(true);
    expect(parking.blocks('another')).toBe(false);
    const other = createParking(createParkingTable((await stage.runtime('follower')).database), () => now);
    expect(other.blocks('blocked')).toBe(false);
    await other.firsts();
    expect(other.blocks('blocked')).toBe(true);
    await parking.settle('blocked#9', 'redriven');
    expect(parking.blocks('blocked')).toBe(true);
    await parking.settle('blocked#10', 'discarded', 'why not');
    expect(parking.blocks('blocked')).toBe(false);
    expect(await parking.get('blocked#10')).toMatchObject({ status: 'discarded', reason: 'why not', attempts: 1 });
    expect(await other.first('blocked')).toBeNull();
    expect(other.blocks('blocked')).toBe(false);
  });

  it('blocks nobody with a message that has no version', async () => {
    const parking = createParking(createParkingTable(runtime.database), () => now);
    await parking.park(failed('nameless', null, 'contract'));
    expect(parking.blocks('nameless')).toBe(false);
    expect(await parking.first('nameless')).toBeNull();
    await parking.firsts();
    expect(parking.blocks('nameless')).toBe(false);
    expect(await parking.get('nameless#x')).toMatchObject({ status: 'parked', payload: '{"$set": 1}' });
  });

  it('lists and counts what is parked, the oldest first, and nothing else', async () => {
    await runtime.database.collection('parked').deleteMany({});
    const parking = createParking(createParkingTable(runtime.database), () => now);
    now = new Date('2026-11-23T02:00:00Z');
    await parking.park(failed('later', 1));
    now = new Date('2026-11-23T01:00:00Z');
    await parking.park(failed('earlier', 1));
    await parking.recordAttempt(failed('retrying', 1));
    await parking.park(failed('settled', 1));
    await parking.settle('settled#1', 'redriven');
    expect((await parking.list(10)).map(({ subject }) => subject)).toEqual(['earlier', 'later']);
    expect(await parking.list(1)).toHaveLength(1);
    expect(await parking.count()).toBe(2);
  });
});
