import { describe, expect, it } from '@jest/globals';
import { createIntentions } from './intentions.ts';

describe('the key of an intention', () => {
  const silence = async () => {
    throw new Error('No answer.');
  };

  it('stays until there is an answer, whatever else is wanted meanwhile', async () => {
    const { carryOut } = createIntentions();
    const keys: string[] = [];
    const note = async (key: string) => void keys.push(key);
    await carryOut('buy 1000', async (key) => note(key).then(silence)).catch(() => undefined);
    await carryOut('buy 3000', note);
    await carryOut('buy 1000', note);
    await carryOut('buy 1000', note);
    const [unanswered, other, again, next] = keys;
    expect(again).toBe(unanswered);
    expect(new Set([unanswered, other, next]).size).toBe(3);
  });
});
