import { describe, expect, it, jest } from '@jest/globals';
import { createUnwanted, type Unwanted, type UnwantedController } from './unwanted.ts';

// One stands in the other's place, so both do the same.
describe.each<[string, () => UnwantedController]>([
  ['what is used of an AbortSignal', createUnwanted],
  [
    'an AbortSignal',
    () => {
      const controller = new AbortController();
      const signal: Unwanted = controller.signal;
      return { signal, abort: () => controller.abort() };
    },
  ],
])('%s', (_what, create) => {
  it('tells who listens, once', () => {
    const { signal, abort } = create();
    const first = jest.fn();
    const listeners = [first, jest.fn(() => signal.removeEventListener('abort', first))];
    for (const listener of listeners) signal.addEventListener('abort', listener);
    expect(signal.aborted).toBe(false);
    abort();
    abort();
    expect(signal.aborted).toBe(true);
    for (const listener of listeners) expect(listener).toHaveBeenCalledTimes(1);
  });

  it('tells nobody who no longer listens, or comes afterwards', () => {
    const { signal, abort } = create();
    const [gone, late] = [jest.fn(), jest.fn()];
    signal.addEventListener('abort', gone);
    signal.removeEventListener('abort', gone);
    abort();
    signal.addEventListener('abort', late);
    expect(gone).toHaveBeenCalledTimes(0);
    expect(late).toHaveBeenCalledTimes(0);
  });
});
