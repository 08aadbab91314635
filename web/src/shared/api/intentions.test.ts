import { describe, expect, it } from '@jest/globals';
import { createIntentions } from './intentions.ts';

describe('the key of an intention', () => {
  const silence = async (_noted?: unknown): Promise<{ isOver?: boolean }> => {
    throw new Error('No answer.');
  };

  it('stays until there is an answer, whatever else is wanted meanwhile', async () => {
    const { carryOut } = createIntentions();
    const keys: string[] = [];
    const note = async (key: string) => ({ isOver: false, count: keys.push(key) });
    await carryOut('buy 1000', async (key) => note(key).then(silence)).catch(() => undefined);
    await carryOut('buy 3000', note);
    await carryOut('buy 1000', note);
    await carryOut('buy 1000', note);
    const [unanswered, other, again, next] = keys;
    expect(again).toBe(unanswered);
    expect(new Set([unanswered, other, next]).size).toBe(3);
  });

  it('ends some minutes after the last try: whoever presses later wants another', async () => {
    let now = 0;
    const { carryOut } = createIntentions(() => now);
    const keys: string[] = [];
    const tryAt = async (minute: number) => {
      now = minute * 60_000;
      await carryOut('buy 1000', async (key) => silence(keys.push(key))).catch(() => undefined);
    };
    for (const minute of [0, 4, 8, 14]) await tryAt(minute);
    const [first, second, third, later] = keys;
    expect([second, third]).toEqual([first, first]);
    expect(later).not.toBe(first);
  });

  it('that was kept asks anew where its answer is about something that is over, once', async () => {
    const { carryOut } = createIntentions();
    const keys: string[] = [];
    const over = async (key: string) => ({ isOver: true, try: keys.push(key) });
    expect(await carryOut('reserve 5', over)).toEqual({ isOver: true, try: 1 });
    await carryOut('reserve 5', async (key) => silence(keys.push(key))).catch(() => undefined);
    expect(await carryOut('reserve 5', over)).toEqual({ isOver: true, try: 4 });
    const [, unanswered, again, anew] = keys;
    expect(again).toBe(unanswered);
    expect(anew).not.toBe(unanswered);
  });
});
