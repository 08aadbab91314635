import { expect, it } from '@jest/globals';
import { longestTimerMs } from '../foundation/time.ts';
import { createLogger } from '../server/logger.ts';
import { createProcessor, type ProcessorOptions } from './processor.ts';

it('the longest wait between attempts fits into a timer, also with its jitter', async () => {
  const waits: number[] = [];
  let failures = 2;
  const processor = createProcessor({
    bus: { ask: () => Promise.reject(new Error('nobody is asked')) },
    positions: { get: () => Promise.resolve(0), reread: () => Promise.resolve(0), advance: () => Promise.resolve() },
    deadLetters: {
      blocks: () => false,
      recordAttempt: () => Promise.resolve(waits.length + 1),
      clear: () => Promise.resolve(),
    } as unknown as ProcessorOptions['deadLetters'],
    retry: {
      ended: false,
      end: () => undefined,
      pause: async (ms) => void waits.push(ms),
      whileUnavailable: (work) => work(),
    },
    logger: createLogger('fatal', 'follower'),
    handle: async () => {
      if (failures-- > 0) throw new Error('unknown');
    },
    retryDelaysMs: [1_000, longestTimerMs],
    random: () => 1,
    hold: () => () => undefined,
  });
  const event = {
    specversion: '1.0' as const,
    ...{ id: 'owner.a@1', source: '/ttareungi/owner', type: 'Added', subject: 'a', time: '2026-11-23T00:00:00.000Z' },
    ...{ sequence: 1, correlationid: 'correlation', causationid: 'causation', data: {} },
  };
  const place = { subject: 'evt.owner.a', publisher: 'owner', stream: 'a', version: 1 };
  await processor.process({ ...place, event, payload: '{}', unreadable: null, stored: [] });
  expect(waits).toEqual([1_250, longestTimerMs]);
});
