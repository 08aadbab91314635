import { describe, expect, it } from '@jest/globals';
import { createPulled } from './pulled.ts';

function queue() {
  const waiting: number[] = [];
  let closed = 0;
  const pulled = createPulled(
    () => waiting.shift(),
    () => (closed += 1),
  );
  return {
    ...pulled,
    closed: () => closed,
    push(item: number) {
      waiting.push(item);
      pulled.wake();
    },
  };
}
const ended = { done: true, value: undefined };

describe('a pulled iterator', () => {
  it('gives what is there, and waits for what comes', async () => {
    const { items, push } = queue();
    push(1);
    push(2);
    expect([(await items.next()).value, (await items.next()).value]).toEqual([1, 2]);
    const next = items.next();
    push(3);
    expect(await next).toEqual({ done: false, value: 3 });
  });

  it('takes again when something came while it looked', async () => {
    const looks = [Promise.withResolvers<number | undefined>(), Promise.withResolvers<number | undefined>()];
    let look = 0;
    const { items, wake } = createPulled(
      () => looks[look++]?.promise,
      () => undefined,
    );
    const next = items.next();
    wake();
    looks[0]?.resolve(undefined);
    looks[1]?.resolve(7);
    expect(await next).toEqual({ done: false, value: 7 });
  });

  it('ends at once for a reader that leaves while it waits, and closes once', async () => {
    const { items, closed, end } = queue();
    const next = items.next();
    expect(await items.return?.()).toEqual(ended);
    expect(await next).toEqual(ended);
    end();
    expect(await items.next()).toEqual(ended);
    expect(closed()).toBe(1);
  });

  it('ends when it is told to, also while it looks', async () => {
    const look = Promise.withResolvers<undefined>();
    const { items, end } = createPulled(
      () => look.promise,
      () => undefined,
    );
    const next = items.next();
    end();
    look.resolve(undefined);
    expect(await next).toEqual(ended);
  });

  it('closes when a look fails', async () => {
    let closed = false;
    const { items } = createPulled(
      () => Promise.reject(new Error('gone')),
      () => (closed = true),
    );
    await expect(items.next()).rejects.toThrow('gone');
    expect(closed).toBe(true);
    expect(await items.next()).toEqual(ended);
  });
});
