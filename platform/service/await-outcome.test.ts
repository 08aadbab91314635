import { describe, expect, it } from '@jest/globals';
import type { Envelope } from '../../schema/events/envelope.ts';
import type { JournalDocument } from '../event-core/journal.ts';
import { realTime } from '../foundation/time.ts';
import type { EventBus } from '../messaging/bus.ts';
import { createNotices, waitForState, type VersionedState } from './await-outcome.ts';

interface Tally {
  isHeld: boolean;
}

/** Longer than a test: what is told must not have to wait for it. */
const tooSlowMs = 30_000;
const stream = 'bike-1';

/** A wait that looks at the journal; the journal answers when the test says so. */
function startWait() {
  const notices = createNotices<Tally, Envelope>();
  const looks: ((found: VersionedState<Tally>) => void)[] = [];
  let hear: (event: Pick<Envelope, 'sequence'>) => void = () => undefined;
  const bus = {
    listen(_service: string, _stream: string | null, listener: typeof hear) {
      hear = listener;
      return () => undefined;
    },
  } as unknown as EventBus;
  const waited = waitForState<Tally, Envelope>({
    ...{ service: 'reservation', stream, notices, bus, time: realTime, timeoutMs: tooSlowMs, pollMs: tooSlowMs },
    read: () => new Promise((resolve) => void looks.push(resolve)),
    until: ({ isHeld }) => isHeld,
  });
  return {
    waited,
    hear: (sequence: number) => hear({ sequence }),
    decide: (version: number, isHeld: boolean) =>
      notices.notify({ stream, version, events: [{}], state: { isHeld } } as unknown as JournalDocument<Tally>),
    /** The journal answers the last look. */
    async find(version: number, isHeld: boolean) {
      looks.pop()?.({ version, state: { isHeld } });
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('who waits for an outcome', () => {
  it('looks again at once for what another process decided while they looked', async () => {
    const { waited, hear, find } = startWait();
    hear(2);
    await find(1, false);
    await find(2, true);
    expect(await waited).toEqual({ state: { isHeld: true }, version: 2 });
  }, 2_000);

  it('does not fall back behind what their own process decided while they looked', async () => {
    const { waited, decide, find } = startWait();
    decide(2, true);
    await find(1, false);
    expect(await waited).toEqual({ state: { isHeld: true }, version: 2 });
  }, 2_000);
});
