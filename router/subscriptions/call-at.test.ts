import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { callAt } from './call-at.ts';

const day = 86_400_000;

describe('callAt', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each([1, day, 24 * day, 25 * day, 400 * day])('calls once, after %s ms', (ms) => {
    const call = jest.fn();
    callAt(Date.now() + ms, call);
    jest.advanceTimersByTime(Math.max(0, ms - 1));
    expect(call).toHaveBeenCalledTimes(0);
    jest.advanceTimersByTime(400 * day);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('calls at once when the time is past, and never when it was called off', () => {
    const call = jest.fn();
    callAt(Date.now() - day, call);
    callAt(Date.now() + 60 * day, call)();
    jest.advanceTimersByTime(400 * day);
    expect(call).toHaveBeenCalledTimes(1);
  });
});
