import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nanos } from '@nats-io/transport-node';
import type { ConnectedRuntime } from '../service/runtime.ts';
import { serviceSettings } from '../service/settings.ts';
import { connected, createLogbook, createStage, type Stage } from '../service/testing.ts';
import { createJetStreamBus, type JetStreamBus } from './bus.ts';

let stage: Stage;
let runtime: ConnectedRuntime;
let streamName: string;
let bus: JetStreamBus;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  stage = await createStage();
  runtime = await stage.runtime('owner');
  await connected(runtime.bus);
});
afterAll(() => stage.close());

const manager = () => runtime.bus.jetStream().manager;

beforeEach(async () => {
  streamName = `${stage.name}-own`;
  const logbook = createLogbook();
  ({ lines } = logbook);
  bus = createJetStreamBus(
    {
      ...runtime.settings,
      ...{ EVENT_STREAM: streamName, EVENT_SUBJECT_PREFIX: `${stage.name}-new`, DUPLICATE_WINDOW_MS: 100 },
    },
    'owner',
    logbook.logger,
  );
  await connected(bus);
});
afterEach(async () => {
  await bus.close();
  await manager().streams.delete(streamName);
});

describe('a stream that the broker does not make', () => {
  it('makes its state say so, told once, until there is one', async () => {
    const { logger, lines: told } = createLogbook();
    const names = { EVENT_STREAM: streamName, EVENT_SUBJECT_PREFIX: `${stage.name}-new` };
    // Of a single server.
    const large = createJetStreamBus({ ...runtime.settings, ...names, EVENT_REPLICAS: 3 }, 'owner', logger);
    await connected(large);
    for (const _ of [1, 2]) await expect(large.ensureStream()).rejects.toThrow('replicas > 1');
    expect(large.status()).toMatch(/^the stream \S+-own cannot be made: replicas > 1 not supported/);
    expect(told).toMatchObject([{ level: 50, message: large.status() }]);
    await bus.ensureStream();
    await large.ensureStream();
    expect(large.status()).toBe('ok');
    await large.close();
  });
});

describe('a stream that is there already', () => {
  const addStream = (subjects: string[], windowMs = 100) =>
    manager().streams.add({ name: streamName, subjects, storage: 'memory', duplicate_window: nanos(windowMs) });

  it('of other subjects makes the broker’s state say so, until it takes ours', async () => {
    await addStream([`${stage.name}-old.>`, `${stage.name}-new`, `${stage.name}-newer.>`]);
    for (const _ of [1, 2]) await bus.ensureStream();
    expect(bus.status()).toBe(
      `the stream ${streamName} takes ${stage.name}-old.>, ${stage.name}-new, ${stage.name}-newer.>, ` +
        `and EVENT_SUBJECT_PREFIX is ${stage.name}-new`,
    );
    expect(lines.filter(({ level }) => level === 50)).toMatchObject([{ message: bus.status() }]);
    await manager().streams.update(streamName, { subjects: [`${stage.name}-new.owner.>`] });
    await bus.ensureStream();
    expect(bus.status()).toBe('ok');
  });

  it('of these subjects among others is right', async () => {
    await addStream([`${stage.name}-old.>`, `${stage.name}-new.*.>`]);
    await bus.ensureStream();
    expect(bus.status()).toBe('ok');
    expect(lines).toEqual([]);
  });

  it('with other replicas or another window stays as it is, and is warned of once, with what to do', async () => {
    await addStream([`${stage.name}-new.>`], 250);
    for (const _ of [1, 2]) await bus.holdings();
    expect(bus.status()).toBe('ok');
    expect(lines).toMatchObject([
      {
        stream: streamName,
        DUPLICATE_WINDOW_MS: { stream: 250, setting: 100 },
        run: `nats stream edit ${streamName} --dupe-window 100ms`,
        message: 'the event stream is not as the settings say, and they do not change it: docs/operating.md',
      },
    ]);
  });
});

it('a stream can be made with the shortest window that DUPLICATE_WINDOW_MS may be', async () => {
  await bus.ensureStream();
  const { config } = await manager().streams.info(streamName);
  expect(config.duplicate_window).toBe(nanos(100));
  const windowMs = serviceSettings.shape.DUPLICATE_WINDOW_MS;
  expect(windowMs.safeParse('99').success).toBe(false);
  expect(windowMs.safeParse('100').success).toBe(true);
});
