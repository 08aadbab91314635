import { describe, expect, it } from '@jest/globals';
import { createLiveTabs, eventsShown, type Told } from './live-tabs.ts';
import { numbersIn, withNumbers } from './numbers.ts';

/** A subscription that tells what it is told to. */
function createSource() {
  const waiting: unknown[] = [];
  let wake: () => void = () => undefined;
  let isEnded = false;
  const source: AsyncIterableIterator<unknown> = {
    async next() {
      while (!isEnded) {
        if (waiting.length > 0) return { done: false, value: waiting.shift() };
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return { done: true, value: undefined };
    },
    async return() {
      isEnded = true;
      wake();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => source,
  };
  return {
    source,
    tell(event: unknown) {
      waiting.push(event);
      wake();
    },
    isEnded: () => isEnded,
  };
}

async function untilCount(reading: AsyncIterableIterator<Told>, count: number): Promise<Told> {
  for (;;) {
    const { value, done } = (await reading.next()) as IteratorResult<Told, undefined>;
    if (done) throw new Error('It ended.');
    if (value.count === count) return value;
  }
}

describe('the subscription of a tab', () => {
  it('goes on behind other tabs, and tells what it told meanwhile, the newest first', async () => {
    const left: string[] = [];
    const live = createLiveTabs((tab) => left.push(tab));
    const { source, tell, isEnded } = createSource();
    const reading = live.open('a', 'q', () => source);
    tell(1);
    expect(await untilCount(reading, 1)).toEqual({ count: 1, events: [1] });
    await reading.return?.();
    expect(left).toEqual(['a']);
    tell(2);
    tell(3);
    const again = live.open('a', 'q', () => {
      throw new Error('It is not begun anew.');
    });
    expect(await untilCount(again, 3)).toEqual({ count: 3, events: [3, 2, 1] });
    live.keep(['b']);
    expect([isEnded(), live.isLive('a')]).toEqual([true, false]);
  });

  it('keeps the newest events only, and counts all', async () => {
    const live = createLiveTabs(() => undefined);
    const { source, tell } = createSource();
    const reading = live.open('a', 'q', () => source);
    for (let event = 1; event <= eventsShown + 5; event += 1) tell(event);
    const { events } = await untilCount(reading, eventsShown + 5);
    expect([events.length, events[0]]).toEqual([eventsShown, eventsShown + 5]);
  });

  it('is another one when it asks something else', () => {
    const live = createLiveTabs(() => undefined);
    const first = createSource();
    const second = createSource();
    live.open('a', 'q', () => first.source);
    live.open('a', 'r', () => second.source);
    expect([first.isEnded(), second.isEnded(), live.isLive('a')]).toEqual([true, false, true]);
  });
});

describe('the numbers of an answer', () => {
  it('are those that were given, not those of a list', () => {
    expect(numbersIn({ reserveBike: { reservation: { reserveNo: 7, bike: { bikeId: 3 } }, refusal: null } })).toEqual({
      reserveNo: 7,
      bikeId: 3,
    });
    expect(numbersIn({ dashboard: { reservations: { nodes: [{ reserveNo: 1 }] } } })).toEqual({});
  });

  it('take the place of older ones in the variables, and of nothing else', () => {
    expect(withNumbers('{ "bikeId": 1 }', { bikeId: 9, reserveNo: 4 })).toBe('{ "bikeId": 9 }');
    expect(withNumbers('{ "userId": "10" }', { bikeId: 9 })).toBeNull();
    expect(withNumbers('{ "bikeId": ', { bikeId: 9 })).toBeNull();
  });
});
