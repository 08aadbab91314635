import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  createCheckpoints,
  createCheckpointStore,
  subjectsRemembered,
  type AwaitedCheckpoints,
} from './checkpoints.ts';
import { createStage, type Stage } from '../service/testing.ts';

let stage: Stage;
let one: AwaitedCheckpoints;
let other: AwaitedCheckpoints;

beforeAll(async () => {
  stage = await createStage();
  one = createCheckpoints(createCheckpointStore((await stage.runtime('follower')).database), 0);
  other = createCheckpoints(createCheckpointStore((await stage.runtime('follower')).database), 0);
});
afterAll(() => stage.close());

describe('positions', () => {
  it('are 0 where nothing was handled', async () => {
    expect(await one.get('never')).toBe(0);
  });

  it('are known to another instance when it reads again', async () => {
    expect(await other.get('shared')).toBe(0);
    await one.advance('shared', 3);
    expect(await one.get('shared')).toBe(3);
    expect(await other.get('shared')).toBe(0);
    expect(await other.reread('shared')).toBe(3);
    expect(await other.get('shared')).toBe(3);
  });

  it('wait for others to share a write, unless somebody is in a hurry', async () => {
    const gathering = createCheckpoints(createCheckpointStore((await stage.runtime('follower')).database), 3_600_000);
    const stored = [gathering.advance('hurried', 1), gathering.advance('hurried', 2)];
    gathering.hurry();
    await Promise.all(stored);
    expect(await one.reread('hurried')).toBe(2);
  });

  it('are reached as soon as they move here, and not before', async () => {
    let isReached = false;
    const reached = one
      .reached('awaited', 2, 30_000, () => undefined)
      .then((was) => {
        isReached = true;
        return was;
      });
    await one.advance('awaited', 1);
    expect(isReached).toBe(false);
    void one.advance('awaited', 2);
    expect(await reached).toBe(true);
    expect(await one.reached('awaited', 2, 0, () => undefined)).toBe(true);
    expect(await one.reached('awaited', 3, 30, () => undefined)).toBe(false);
  });

  it('are waited for as long as asked, also when the clock is set back meanwhile', async () => {
    const startedAt = performance.now();
    const clock = jest.spyOn(Date, 'now');
    try {
      const reached = one.reached('never', 1, 100, () => undefined);
      clock.mockReturnValue(Date.now() - 3_600_000);
      expect(await Promise.race([reached, delay(5_000, 'too long')])).toBe(false);
    } finally {
      clock.mockRestore();
    }
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  });

  it('are reached when another instance has moved them, which is asked to store that', async () => {
    const gathering = createCheckpoints(createCheckpointStore((await stage.runtime('follower')).database), 3_600_000);
    void gathering.advance('elsewhere', 4);
    expect(await one.reached('elsewhere', 4, 30_000, () => gathering.hurry())).toBe(true);
  });

  it('never move back', async () => {
    await one.advance('late', 7);
    await other.advance('late', 5);
    expect(await one.reread('late')).toBe(7);
    expect(await other.reread('late')).toBe(7);
    await one.advance('late', 6);
    expect(await one.get('late')).toBe(7);
  });

  it('count for nothing when they could not be stored', async () => {
    const table = createCheckpointStore((await stage.runtime('follower')).database);
    let isAway = true;
    const away = createCheckpoints(
      { ...table, raise: (moves) => (isAway ? Promise.reject(new Error('away')) : table.raise(moves)) },
      0,
    );
    await expect(away.advance('unstored', 1)).rejects.toThrow('away');
    expect(await away.get('unstored')).toBe(0);
    isAway = false;
    await away.advance('unstored', 1);
    expect(await away.get('unstored')).toBe(1);
    expect(await one.reread('unstored')).toBe(1);
  });

  it('are remembered of so many subjects, and read again of others', async () => {
    const stored = new Map<string, number>();
    let reads = 0;
    const many = createCheckpoints(
      {
        async read(subject) {
          reads += 1;
          return stored.get(subject) ?? 0;
        },
        async raise(moves) {
          for (const { subject, version } of moves) stored.set(subject, version);
        },
      },
      0,
    );
    await Promise.all(Array.from({ length: subjectsRemembered + 1 }, (_, number) => many.advance(`${number}`, 3)));
    expect(await many.get(`${subjectsRemembered}`)).toBe(3);
    expect(await many.get('1')).toBe(3);
    expect(reads).toBe(0);
    expect(await many.get('0')).toBe(3);
    expect(reads).toBe(1);
    // And is remembered again.
    expect(await many.reached('0', 3, 0, () => undefined)).toBe(true);
    expect(reads).toBe(1);
  });

  it('of many subjects are stored together, from two instances at once', async () => {
    const subjects = Array.from({ length: 300 }, (_, number) => `subject ${number}`);
    await Promise.all([
      ...subjects.map((subject, index) => one.advance(subject, index + 1)),
      ...subjects.map((subject, index) => other.advance(subject, index + 2)),
    ]);
    const stored = await Promise.all(subjects.map((subject) => one.reread(subject)));
    expect(stored).toEqual(subjects.map((_, index) => index + 2));
  });
});
