import { describe, expect, it } from '@jest/globals';
import { createKeyedQueue } from './keyed-queue.ts';

describe('a lane', () => {
  it('runs its work one after the other, in the order it came', async () => {
    const lanes = createKeyedQueue();
    const log: string[] = [];
    const gates = ['a', 'b', 'c'].map((name) => ({ name, gate: Promise.withResolvers<undefined>() }));
    const done = gates.map(({ name, gate }) =>
      lanes.run('bike-1', async () => {
        log.push(`${name} begins`);
        await gate.promise;
        log.push(`${name} ends`);
      }),
    );
    for (const { gate } of gates.toReversed()) gate.resolve(undefined);
    await Promise.all(done);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('stays in order when work comes while later work still waits', async () => {
    const lanes = createKeyedQueue();
    const log: string[] = [];
    const second = Promise.withResolvers<undefined>();
    await Promise.all([
      lanes.run('bike-1', async () => void log.push('first')),
      lanes.run('bike-1', async () => {
        // The first is over by now; the third must still wait for this one.
        void lanes.run('bike-1', async () => void log.push('third'));
        setImmediate(() => second.resolve(undefined));
        await second.promise;
        log.push('second');
      }),
    ]);
    await lanes.idle();
    expect(log).toEqual(['first', 'second', 'third']);
  });

  it('does not wait for another one', async () => {
    const lanes = createKeyedQueue();
    const stuck = Promise.withResolvers<undefined>();
    const first = lanes.run('bike-1', () => stuck.promise);
    expect(await lanes.run('bike-2', () => Promise.resolve('done'))).toBe('done');
    await new Promise((resolve) => setImmediate(resolve));
    expect(lanes.busy).toBe(1);
    stuck.resolve(undefined);
    await first;
  });

  it('goes on after work that failed, and rejects to the caller of that work', async () => {
    const lanes = createKeyedQueue();
    const failing = lanes.run('bike-1', () => Promise.reject(new Error('no')));
    const next = lanes.run('bike-1', () => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
  });

  it('is idle when no work is left, what was added meanwhile included', async () => {
    const lanes = createKeyedQueue();
    const log: string[] = [];
    void lanes.run('bike-1', async () => {
      void lanes.run('bike-1', async () => void log.push('added'));
      log.push('first');
    });
    await lanes.idle();
    expect(log).toEqual(['first', 'added']);
    expect(lanes.busy).toBe(0);
    await lanes.idle();
  });

  it('keeps nothing of a key whose work is over', async () => {
    const lanes = createKeyedQueue();
    await Promise.all(Array.from({ length: 100 }, (_, key) => lanes.run(String(key), () => Promise.resolve())));
    await lanes.idle();
    expect(lanes.busy).toBe(0);
  });

  it('that is held lets only so many wait, and puts the others aside at once, those that come later too', async () => {
    const lanes = createKeyedQueue();
    const log: string[] = [];
    const stuck = Promise.withResolvers<undefined>();
    const add = (name: string) =>
      lanes.run(
        'bike-1',
        async () => void log.push(name),
        async () => void log.push(`${name} aside`),
      );
    const first = lanes.run('bike-1', () => stuck.promise);
    const early = ['a', 'b', 'c', 'd'].map(add);
    // Work without an alternative still waits.
    const stubborn = lanes.run('bike-1', async () => void log.push('stubborn'));
    await new Promise((resolve) => setImmediate(resolve));
    const release = lanes.hold('bike-1', 2);
    await Promise.all(early.slice(2));
    await add('e');
    expect(log).toEqual(['c aside', 'd aside', 'e aside']);
    release();
    const late = add('f');
    stuck.resolve(undefined);
    await Promise.all([first, ...early, stubborn, late]);
    expect(log.slice(3)).toEqual(['a', 'b', 'stubborn', 'f']);
  });
});
