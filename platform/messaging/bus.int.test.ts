import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Envelope } from '../../schema/events/envelope.ts';
import type { NatsConnection } from '@nats-io/transport-node';
import { ContractError, UnavailableError } from '../foundation/errors.ts';
import type { ConnectedRuntime } from '../service/runtime.ts';
import type { Delivery } from './event-stream.ts';
import { connected, createGate, createStage, natsUrl, type Gate, type Stage } from '../service/testing.ts';
import { until } from '../../test/support/until.ts';

let stage: Stage;
let gate: Gate;
let one: ConnectedRuntime;
let other: ConnectedRuntime;
let remote: ConnectedRuntime;

beforeAll(async () => {
  stage = await createStage();
  gate = stage.keep(await createGate(natsUrl(), 'shut'));
  one = await stage.runtime('owner');
  other = await stage.runtime('owner');
  remote = await stage.runtime('asker', { NATS_URL: gate.url, REQUEST_TIMEOUT_MS: '3000', PUBLISH_TIMEOUT_MS: '3000' });
  await Promise.all([connected(one.bus), connected(other.bus)]);
});
afterAll(() => stage.close());

const eventOf = (subject: string, sequence: number): Envelope => ({
  specversion: '1.0',
  id: `owner.${subject}@${sequence}`,
  source: '/ttareungi/owner',
  type: 'Added',
  subject,
  time: '2026-11-23T00:00:00.000Z',
  sequence,
  correlationid: 'correlation',
  causationid: 'causation',
  data: { amount: 1 },
});

describe('what a consumer has not acknowledged', () => {
  it('is as old as the first such message of those it follows', async () => {
    await one.bus.ensureStream();
    const deliveries = await one.bus.consume({
      name: 'lagging',
      publishers: ['lagged', 'elsewhere'],
      ackWaitMs: 60_000,
      maxAckPending: 10,
    });
    await one.bus.publish('unrelated', eventOf('old', 1));
    expect(await one.bus.oldestPending('lagging', ['lagged', 'elsewhere'])).toBeNull();
    await one.bus.publish('lagged', eventOf('first', 1));
    await one.bus.publish('lagged', eventOf('second', 1));
    const received = [];
    for await (const delivery of deliveries) {
      received.push(delivery);
      if (received.length === 2) break;
    }
    const { manager } = one.bus.jetStream();
    const timeOf = async (stream: string) => {
      const subject = `${one.bus.subjectPrefix}.lagged.${stream}`;
      return (await manager.streams.getMessage(one.bus.streamName, { last_by_subj: subject }))?.time;
    };
    const oldest = () => one.bus.oldestPending('lagging', ['lagged', 'elsewhere']);
    expect(await oldest()).toEqual(await timeOf('first'));
    const [first, second] = received;
    first?.ack();
    const ofSecond = await timeOf('second');
    await until('the second is the oldest', async () => (await oldest())?.getTime() === ofSecond?.getTime());
    second?.ack();
    await until('nothing is left', async () => (await oldest()) === null);
    deliveries.stop();
  });
});

describe('what leaves for the broker in one turn of the event loop leaves in one write', () => {
  const several = [1, 2, 3, 4, 5];

  /** Runs some work, and returns what was written that holds a text, a line each. */
  async function writesWith(text: string, work: () => Promise<unknown>): Promise<string[]> {
    const write = jest.spyOn(Socket.prototype, 'write');
    try {
      await work();
      return write.mock.calls.map(([bytes]) => Buffer.from(bytes).toString()).filter((bytes) => bytes.includes(text));
    } finally {
      write.mockRestore();
    }
  }

  it('although each part of it comes a few steps after the one before', async () => {
    await one.bus.ensureStream();
    const deliveries = await one.bus.consume({
      name: 'gathering',
      publishers: ['gathered'],
      ackWaitMs: 60_000,
      maxAckPending: 10,
    });
    const published = await writesWith('gathered.together', () =>
      Promise.all(
        several.map(async (version) => {
          for (let step = 0; step < 10 * version; step += 1) await Promise.resolve();
          await one.bus.publish('gathered', eventOf('together', version));
        }),
      ),
    );
    expect(published).toHaveLength(1);
    const received: Delivery[] = [];
    for await (const delivery of deliveries) if (received.push(delivery) === several.length) break;
    const acknowledged = await writesWith('+ACK', async () => {
      for (const delivery of received) {
        delivery.ack();
        for (let step = 0; step < 10; step += 1) await Promise.resolve();
      }
      await until('all are acknowledged', async () => (await one.bus.pending('gathering')) === 0);
    });
    expect(acknowledged).toHaveLength(1);
    deliveries.stop();
  });
});

describe('a bus', () => {
  it('waits for a broker that is not there yet, and says so', async () => {
    expect(remote.bus.status()).toBe('not connected');
    await expect(remote.bus.ask('owner', 'echo', {})).rejects.toBeInstanceOf(UnavailableError);
    await expect(remote.bus.publish('owner', eventOf('early', 1))).rejects.toBeInstanceOf(UnavailableError);
    const heard: string[] = [];
    const stopped = remote.bus.listen('owner', 'early', () => heard.push('stopped before it began'));
    stopped();
    const stop = remote.bus.listen('owner', 'early', ({ id }) => heard.push(id));
    let connections = 0;
    remote.bus.onConnected(() => (connections += 1));
    await gate.open();
    await connected(remote.bus);
    await until('it was told', () => connections === 1);
    await remote.bus.ensureStream();
    await until('it hears what is published', async () => {
      await one.bus.publish('owner', eventOf('early', 1));
      return heard.length > 0;
    });
    expect(new Set(heard)).toEqual(new Set(['owner.early@1']));
    stop();
  });

  it('puts a question to one of the instances that answer, and hands its answer or its error back', async () => {
    const asked: string[] = [];
    for (const [name, { bus }] of Object.entries({ one, other })) {
      bus.serve('owner', 'echo', async (question) => {
        asked.push(name);
        if (question === 'fail') throw new Error('no such thing');
        return { echo: question };
      });
    }
    await Promise.all([one.bus.settled(), other.bus.settled()]);
    await until('somebody answers', () =>
      remote.bus.ask('owner', 'echo', 'ready').then(
        () => true,
        () => false,
      ),
    );
    asked.length = 0;
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, number) => remote.bus.ask('owner', 'echo', { number })),
    );
    expect(answers).toEqual(Array.from({ length: 40 }, (_, number) => ({ echo: { number } })));
    expect(asked).toHaveLength(40);
    expect(new Set(asked)).toEqual(new Set(['one', 'other']));
    await expect(remote.bus.ask('owner', 'echo', 'fail')).rejects.toThrow(/no such thing/);
    await expect(remote.bus.ask('nobody', 'echo', {})).rejects.toBeInstanceOf(UnavailableError);
  });

  it('takes what does not fit into a message, or is no question, for no outage', async () => {
    one.bus.serve('owner', 'long', async (length) => 'x'.repeat(Number(length)));
    await one.bus.settled();
    const ask = (question: unknown) => one.bus.ask('owner', 'long', question);
    expect(await ask(one.bus.longestAnswerBytes() - 100)).toMatch(/^x+$/);
    await expect(ask(one.bus.longestAnswerBytes())).rejects.toThrow(ContractError);
    await expect(ask('x'.repeat(70_000))).rejects.toThrow(ContractError);
    const { connection } = one.bus.jetStream() as unknown as { connection: NatsConnection };
    const answer = await connection.request(`${stage.name}-svc.owner.long`, '{"no json', { timeout: 5_000 });
    expect(answer.json()).toMatchObject({ name: 'ContractError' });
    expect(await ask(3)).toBe('xxx');
  });

  it('does not wait for ever for an answer', async () => {
    one.bus.serve('slow', 'echo', () => new Promise(() => undefined));
    const startedAt = Date.now();
    await expect(remote.bus.ask('slow', 'echo', {})).rejects.toBeInstanceOf(UnavailableError);
    expect(Date.now() - startedAt).toBeLessThan(20_000);
  });

  it('gives notice to every instance, and to those of this service and topic only', async () => {
    const noticed: string[] = [];
    one.bus.onNotice('owner', 'news', (text) => noticed.push(`one${text}`));
    other.bus.onNotice('owner', 'news', () => noticed.push('other'));
    other.bus.onNotice('owner', 'weather', () => noticed.push('weather'));
    await until('both were told', () => {
      remote.bus.notify('owner', 'news', '7');
      return noticed.includes('one7') && noticed.includes('other');
    });
    expect(noticed).not.toContain('weather');
  });

  it('keeps streams apart whose names hold what subjects are made of', async () => {
    const heard: string[] = [];
    const names = ['a.b', 'a', 'a b', 'a%2Eb', 'a*', '서울'];
    const stops = names.map((name) =>
      remote.bus.listen('owner', name, ({ subject }) => heard.push(`${name}=${subject}`)),
    );
    await until('it listens', async () => {
      for (const name of names) await one.bus.publish('owner', eventOf(name, 1));
      return heard.length >= names.length;
    });
    expect(new Set(heard)).toEqual(new Set(names.map((name) => `${name}=${name}`)));
    for (const stop of stops) stop();
  });

  it('loses the broker and finds it again: questions, listeners and listening go on', async () => {
    const heard: number[] = [];
    remote.bus.serve('asker', 'ping', async () => 'pong');
    const stop = remote.bus.listen('owner', 'again', ({ sequence }) => heard.push(sequence));
    let connections = 0;
    remote.bus.onConnected(() => (connections += 1));
    expect(connections).toBe(1);
    await gate.shut();
    await until('it noticed', () => remote.bus.status() !== 'ok');
    await expect(remote.bus.publish('owner', eventOf('again', 1))).rejects.toBeInstanceOf(UnavailableError);
    expect(() => remote.bus.jetStream()).toThrow(UnavailableError);
    remote.bus.notify('owner', 'news', '7');
    await gate.open();
    await until('it was told', () => connections === 2);
    await remote.bus.publish('owner', eventOf('again', 1));
    await until('it hears itself', () => heard.includes(1));
    await until('it is asked', () =>
      one.bus.ask('asker', 'ping', null).then(
        (answer) => answer === 'pong',
        () => false,
      ),
    );
    stop();
  });

  it('finds the broker again although the clock was set back an hour since the last time', async () => {
    const loseAndFind = async () => {
      await gate.shut();
      await until('it noticed', () => remote.bus.status() !== 'ok');
      await gate.open();
      await connected(remote.bus);
    };
    const rightNow = Date.now;
    try {
      Date.now = () => rightNow() + 3_600_000;
      await loseAndFind();
    } finally {
      Date.now = rightNow;
    }
    await loseAndFind();
  });

  it('does not know whether an event was stored when the broker does not say so', async () => {
    gate.swallowAnswers();
    await expect(remote.bus.publish('owner', eventOf('unsaid', 1))).rejects.toBeInstanceOf(UnavailableError);
    const { manager } = one.bus.jetStream();
    const subject = `${stage.name}.owner.unsaid`;
    await until('it is stored', () =>
      manager.streams.getMessage(stage.name, { last_by_subj: subject }).then(
        (message) => message?.subject === subject,
        () => false,
      ),
    );
    await gate.shut();
    await gate.open();
    await connected(remote.bus);
    await until('it can be repeated', () =>
      remote.bus.publish('owner', eventOf('unsaid', 1)).then(
        () => true,
        () => false,
      ),
    );
    const { state } = await manager.streams.info(stage.name, { subjects_filter: subject });
    expect(state.subjects).toEqual({ [subject]: 1 });
  });
});
