import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDeadLetters, type FailedMessage } from './dead-letters.ts';
import type { ErrorClass } from './parked-message.ts';
import type { Runtime } from '../../service/runtime.ts';
import { createStage, type Stage } from '../../service/testing.ts';

let stage: Stage;
let runtime: Runtime;
let now = new Date('2026-11-23T00:00:00Z');

beforeAll(async () => {
  stage = await createStage();
  runtime = await stage.runtime('follower');
  await createDeadLetters(runtime.database, () => now).createIndexes();
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

describe('dead letters', () => {
  it('counts attempts in the database, so that a restart goes on counting', async () => {
    const before = createDeadLetters(runtime.database, () => now);
    expect(await before.recordAttempt(failed('counted', 1))).toBe(1);
    now = new Date('2026-11-23T00:01:00Z');
    expect(await before.recordAttempt(failed('counted', 1))).toBe(2);
    const after = createDeadLetters((await stage.runtime('follower')).database, () => now);
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
    const deadLetters = createDeadLetters(runtime.database, () => now);
    await deadLetters.park(failed('blocked', 10, 'contract'));
    await deadLetters.park(failed('blocked', 9, 'behind'));
    expect((await deadLetters.inLine('blocked')).map(({ version }) => version)).toEqual([9, 10]);
    expect(deadLetters.blocks('blocked')).toBe(true);
    expect(deadLetters.blocks('another')).toBe(false);
    const other = createDeadLetters((await stage.runtime('follower')).database, () => now);
    expect(other.blocks('blocked')).toBe(false);
    await other.firsts();
    expect(other.blocks('blocked')).toBe(true);
    await deadLetters.settle('blocked#9', 'redriven');
    expect(deadLetters.blocks('blocked')).toBe(true);
    await deadLetters.settle('blocked#10', 'discarded', 'why not');
    expect(deadLetters.blocks('blocked')).toBe(false);
    expect(await deadLetters.get('blocked#10')).toMatchObject({ status: 'discarded', reason: 'why not', attempts: 1 });
    expect(await other.first('blocked')).toBeNull();
    expect(other.blocks('blocked')).toBe(false);
  });

  it('blocks no subject with a message that has no version', async () => {
    const deadLetters = createDeadLetters(runtime.database, () => now);
    await deadLetters.park(failed('nameless', null, 'contract'));
    expect(deadLetters.blocks('nameless')).toBe(false);
    expect(await deadLetters.first('nameless')).toBeNull();
    await deadLetters.firsts();
    expect(deadLetters.blocks('nameless')).toBe(false);
    expect(await deadLetters.get('nameless#x')).toMatchObject({ status: 'parked', payload: '{"$set": 1}' });
  });

  it('lists and counts what is parked, the oldest first, and nothing else', async () => {
    await runtime.database.collection('parked').deleteMany({});
    const deadLetters = createDeadLetters(runtime.database, () => now);
    now = new Date('2026-11-23T02:00:00Z');
    await deadLetters.park(failed('later', 1));
    now = new Date('2026-11-23T01:00:00Z');
    await deadLetters.park(failed('earlier', 1));
    await deadLetters.recordAttempt(failed('retrying', 1));
    await deadLetters.park(failed('settled', 1));
    await deadLetters.settle('settled#1', 'redriven');
    expect((await deadLetters.list('parked', null, 10)).map(({ subject }) => subject)).toEqual(['earlier', 'later']);
    expect(await deadLetters.list('parked', null, 1)).toHaveLength(1);
    expect(await deadLetters.count()).toBe(2);
  });
});
