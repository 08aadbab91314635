import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAggregate } from './aggregate.ts';
import type { ConnectedRuntime } from './runtime.ts';
import {
  connected,
  createGate,
  createStage,
  natsUrl,
  originOf,
  tally,
  type Stage,
  type Tally,
  type TallyCommand,
  type TallyDocument,
  type TallyEvent,
} from './testing.ts';
import { until } from '../../test/support/until.ts';
import { realTime } from '../foundation/time.ts';
import { expectEvent } from './await-outcome.ts';
import type { Aggregate } from './aggregate.ts';

let stage: Stage;
let runtimes: ConnectedRuntime[];
/** Two processes of one service; neither looks at the journal by itself within a test. */
let one: Aggregate<Tally, TallyCommand, TallyEvent, 'HELD'>;
let other: typeof one;

const tooSlowMs = 30_000;

async function createTally(env: NodeJS.ProcessEnv, service = 'owner') {
  const runtime = await stage.runtime(service, env);
  const aggregate = createAggregate(runtime, {
    parse: (envelope) => envelope as TallyEvent,
    decider: tally,
    viewsVersion: 1,
    changesOf: (_document: TallyDocument) => [],
  });
  await aggregate.prepare();
  return { runtime, aggregate: stage.keep(aggregate) };
}

beforeAll(async () => {
  stage = await createStage();
  const made = [
    await createTally({ OUTCOME_POLL_MS: String(tooSlowMs) }),
    await createTally({ OUTCOME_POLL_MS: String(tooSlowMs) }),
  ];
  runtimes = made.map(({ runtime }) => runtime);
  [one, other] = made.map(({ aggregate }) => aggregate) as [typeof one, typeof one];
  for (const { bus } of runtimes) {
    await connected(bus);
    await bus.ensureStream();
  }
  for (const aggregate of [one, other]) aggregate.start();
});
afterAll(() => stage.close());

const hold = (at: typeof one, stream: string) => at.handle(stream, { type: 'Hold', by: 'me' }, originOf());
const isHeld = ({ holder }: Tally) => holder !== null;

describe('waiting for an outcome', () => {
  it('ends at once when it is there already', async () => {
    await hold(one, 'there');
    expect(await other.waitFor('there', isHeld, { timeoutMs: tooSlowMs })).toMatchObject({ holder: 'me' });
  });

  it('hears of a decision of its own process without the broker or the journal', async () => {
    const gate = stage.keep(await createGate(natsUrl(), 'shut'));
    const { aggregate } = await createTally({ OUTCOME_POLL_MS: String(tooSlowMs), NATS_URL: gate.url });
    const waited = aggregate.waitFor('here', isHeld, { timeoutMs: tooSlowMs });
    await aggregate.state('here');
    await hold(aggregate, 'here');
    expect(await waited).toMatchObject({ holder: 'me' });
  });

  it('hears of a decision of another process by the broker', async () => {
    const waited = other.waitFor('there-too', isHeld, { timeoutMs: tooSlowMs });
    await other.state('there-too');
    // Decides until the other listens: decisions before that are what the poll is for.
    let told = false;
    void waited.then(() => (told = true));
    await until('it heard', async () => {
      await one.handle('there-too', { type: 'Hold', by: 'me' }, originOf());
      if (!told) await one.handle('there-too', { type: 'Release' }, originOf());
      if (!told) await one.handle('there-too', { type: 'Hold', by: 'me' }, originOf());
      return told;
    });
    expect(await waited).toMatchObject({ holder: 'me' });
  });

  it('looks at the journal when the broker is away', async () => {
    const gate = stage.keep(await createGate(natsUrl(), 'shut'));
    const { aggregate } = await createTally({ OUTCOME_POLL_MS: '20', NATS_URL: gate.url });
    const waited = aggregate.waitFor('polled', isHeld, { timeoutMs: tooSlowMs });
    await aggregate.state('polled');
    const startedAt = Date.now();
    await hold(one, 'polled');
    expect(await waited).toMatchObject({ holder: 'me' });
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });

  it('gives the last state when the time is up', async () => {
    await one.handle('never', { type: 'Add', amounts: [3] }, originOf());
    const startedAt = Date.now();
    expect(await one.waitFor('never', isHeld, { timeoutMs: 150 })).toEqual({ total: 3, holder: null });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(145);
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('an event that is expected', () => {
  const [publisher, stream] = ['owner', 'expected'];

  it('arrives, also when it came before anybody waited', async () => {
    const bus = runtimes[1]?.bus;
    if (!bus) throw new Error('no bus');
    const early = expectEvent({ bus, time: realTime }, publisher, stream, ({ type }) => type === 'Held');
    const waiting = expectEvent({ bus, time: realTime }, publisher, stream, ({ type }) => type === 'Held');
    const arrived = waiting.arrived(tooSlowMs);
    let told = false;
    void arrived.then(() => (told = true));
    await until('it heard', async () => {
      await hold(one, stream);
      if (!told) await one.handle(stream, { type: 'Release' }, originOf());
      return told;
    });
    expect(await arrived).toBe(true);
    const startedAt = Date.now();
    expect(await early.arrived(tooSlowMs)).toBe(true);
    expect(Date.now() - startedAt).toBeLessThan(1_000);
  });

  it('does not arrive when another one came, or after it was stopped', async () => {
    const bus = runtimes[1]?.bus;
    if (!bus) throw new Error('no bus');
    const heard: string[] = [];
    const stopListening = bus.listen(publisher, null, ({ type, subject }) => heard.push(`${type} of ${subject}`));
    const wrong = expectEvent({ bus, time: realTime }, publisher, 'wrong', ({ type }) => type === 'Held');
    const stopped = expectEvent({ bus, time: realTime }, publisher, 'wrong', ({ type }) => type === 'Added');
    stopped.stop();
    await until('the other one was heard', async () => {
      await one.handle('wrong', { type: 'Add', amounts: [1] }, originOf());
      return heard.includes('Added of wrong');
    });
    expect(await Promise.all([wrong.arrived(20), stopped.arrived(20)])).toEqual([false, false]);
    stopListening();
  });
});
