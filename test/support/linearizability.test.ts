import { describe, expect, it } from '@jest/globals';
import { checkLinearizable, type Model, type Timed } from './linearizability.ts';
import { createDice } from '../../cli/demo/dice.ts';

type Access = { write: number } | { read: number } | { swap: [from: number, to: number]; done: boolean };

/** One number that can be written, read, and swapped if it is what is expected. */
const register: Model<number, Access> = {
  initial: 0,
  step(state, access) {
    if ('write' in access) return [access.write];
    if ('read' in access) return access.read === state ? [state] : [];
    const [from, to] = access.swap;
    if (access.done) return state === from ? [to] : [];
    return state === from ? [] : [state];
  },
  keyOf: String,
};

const at = (calledAt: number, returnedAt: number | null, operation: Access): Timed<Access> => ({
  operation,
  calledAt,
  returnedAt,
});

const verdict = (...history: Timed<Access>[]) => checkLinearizable(register, history).linearizable;

describe('a history of one register', () => {
  it('is linearizable when each answer fits some order', () => {
    expect(verdict(at(0, 10, { write: 1 }), at(2, 4, { read: 0 }), at(5, 7, { read: 1 }))).toBe(true);
    expect(verdict(at(0, 10, { write: 1 }), at(0, 10, { write: 2 }), at(11, 12, { read: 1 }))).toBe(true);
  });

  it('is not when a read is stale', () => {
    expect(verdict(at(0, 1, { write: 1 }), at(2, 3, { read: 0 }))).toBe(false);
  });

  it('is not when a value goes back', () => {
    expect(verdict(at(0, 10, { write: 1 }), at(2, 3, { read: 1 }), at(4, 5, { read: 0 }))).toBe(false);
  });

  it('is not when two swaps of the same value both won', () => {
    const both = [at(0, 9, { swap: [0, 1], done: true }), at(1, 8, { swap: [0, 2], done: true })];
    expect(verdict(...both)).toBe(false);
  });

  it('lets an operation without an answer happen late, or never', () => {
    const lost = at(0, null, { write: 1 });
    expect(verdict(lost, at(2, 3, { read: 0 }), at(4, 5, { read: 0 }))).toBe(true);
    expect(verdict(lost, at(2, 3, { read: 0 }), at(4, 5, { read: 1 }))).toBe(true);
    expect(verdict(lost, at(2, 3, { read: 1 }), at(4, 5, { read: 0 }))).toBe(false);
  });

  it('does not let an operation happen before its call', () => {
    expect(verdict(at(0, 1, { read: 1 }), at(2, null, { write: 1 }))).toBe(false);
  });

  it('says how far it came, and what did not fit', () => {
    const history = [at(0, 1, { write: 1 }), at(2, 3, { read: 1 }), at(4, 5, { read: 7 })];
    expect(checkLinearizable(register, history)).toEqual({
      linearizable: false,
      order: [{ write: 1 }, { read: 1 }],
      stuck: [{ read: 7 }],
    });
  });

  it('says so when there is too much to try', () => {
    const writes = Array.from({ length: 12 }, (_, index) => at(0, 100, { write: index }));
    expect(checkLinearizable(register, [...writes, at(0, 100, { read: 99 })], 50).linearizable).toBe('unknown');
  });

  it('made by a register that works is linearizable, and with one answer changed it is not', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const dice = createDice(seed);
      let value = 0;
      // Each operation happens at one moment; its call and its return lie around that.
      const history = Array.from({ length: 14 }, (_, moment): Timed<Access> => {
        const [calledAt, returnedAt] = [moment * 10 - dice.below(25), moment * 10 + dice.below(25)];
        if (dice.below(2) === 0) return at(calledAt, returnedAt, { read: value });
        value = moment + 1;
        return at(calledAt, dice.below(5) === 0 ? null : returnedAt, { write: value });
      });
      expect(checkLinearizable(register, history)).toEqual({ linearizable: true });
      expect(verdict(...history, at(500, 501, { read: value + 1_000 }))).toBe(false);
    }
  });
});
