import { describe, expect, it } from '@jest/globals';
import { bodyOf, textOf, type Answer } from './asked.ts';

const answerOf = (characters: number): Answer => ({
  data: JSON.stringify({ text: '가'.repeat(characters) }),
  errors: [],
});

describe('the body of an answer', () => {
  it.each([10, 100_000])('says the same as its text, %d characters long', (characters) => {
    const answer = { ...answerOf(characters), errors: [{ message: 'late' }], extensions: { cost: 1 } };
    expect(bodyOf(answer).toString()).toBe(textOf(answer));
  });

  it('is made once for all who share a long one', () => {
    const answer = answerOf(100_000);
    expect(bodyOf(answer)).toBe(bodyOf(answer));
    expect(bodyOf({ ...answer })).not.toBe(bodyOf(answer));
  });
});
