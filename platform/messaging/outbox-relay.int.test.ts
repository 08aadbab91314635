import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Envelope } from '../../schema/events/envelope.ts';
import { createAggregate } from '../service/aggregate.ts';
import { ContractError, UnavailableError } from '../foundation/errors.ts';
import { createOutboxRelay, decisionsRemembered } from './outbox-relay.ts';
import { realTime } from '../foundation/time.ts';
import { endOfTurn } from '../foundation/turn.ts';
import type { ConnectedRuntime } from '../service/runtime.ts';
import {
  connected,
  createGate,
  createLogbook,
  createSilentTally,
  createStage,
  natsUrl,
  originOf,
  tally,
  type Stage,
  type Tally,
  type TallyCommand,
  type TallyDocument,
  type TallyEvent,
} from '../service/testing.ts';
import { until } from '../../test/support/until.ts';
import { rowVersion } from '../event-core/read-model.ts';

let stage: Stage;
let owner: ConnectedRuntime;

beforeAll(async () => {
  stage = await createStage();
  owner = await stage.runtime('owner');
  await connected(owner.bus);
  await owner.bus.ensureStream();
});
afterAll(() => stage.close());

function createTally(runtime: ConnectedRuntime) {
  return createAggregate(runtime, {
    parse: (envelope) => envelope as TallyEvent,
    decider: tally,
    viewsVersion: 1,
    changesOf: (document: TallyDocument) => [
      {
        collection: runtime.database.collection('tallies'),
        row: { _id: document.stream, version: rowVersion(document), ...document.state },
      },
    ],
  });
}

const rowOf = (stream: string) =>
  owner.database.collection<{ _id: string; version: number; total: number }>('tallies').findOne({ _id: stream });

async function inBroker(service: string): Promise<{ id: string; stream: string; headers: Map<string, string> }[]> {
  const { client, manager } = owner.bus.jetStream();
  const subject = `${stage.name}.${service}.>`;
  const { state } = await manager.streams.info(stage.name, { subjects_filter: subject });
  const count = Object.values(state.subjects ?? {}).reduce((sum, messages) => sum + messages, 0);
  if (count === 0) return [];
  const consumer = await client.consumers.get(stage.name, { filter_subjects: subject });
  const found = [];
  for await (const message of await consumer.fetch({ max_messages: count, expires: 2_000 })) {
    const headers = new Map((message.headers?.keys() ?? []).map((key) => [key, message.headers?.get(key) ?? '']));
    found.push({ id: headers.get('ce-id') ?? '', stream: headers.get('ce-subject') ?? '', headers });
    if (found.length === count) break;
  }
  return found;
}

const allPublished = async (journal: { countUnpublished(): Promise<number> }) =>
  until('everything is marked as published', async () => (await journal.countUnpublished()) === 0);

describe('a relay', () => {
  it('brings events into the broker as CloudEvents, named so that the broker knows a repetition', async () => {
    const { handle, journal, prepare } = createTally(owner);
    await prepare();
    const outcome = await handle(
      'a.b 서울',
      { type: 'Add', amounts: [1, 2] },
      { ...originOf('first'), traceparent: '00-a' },
    );
    await allPublished(journal);
    const messages = await inBroker('owner');
    expect(messages.map(({ headers }) => Object.fromEntries(headers))).toEqual(
      [1, 2].map((sequence) => ({
        'Nats-Msg-Id': `owner.a.b%20%EC%84%9C%EC%9A%B8@${sequence}`,
        'ce-datacontenttype': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': `owner.a.b%20%EC%84%9C%EC%9A%B8@${sequence}`,
        'ce-source': '/ttareungi/owner',
        'ce-type': 'Added',
        'ce-subject': 'a.b%20%EC%84%9C%EC%9A%B8',
        'ce-time': outcome.kind === 'decided' ? outcome.document.at.toISOString() : '',
        'ce-sequence': String(sequence),
        'ce-correlationid': 'correlation%20of%20first',
        'ce-causationid': 'causation%20of%20first',
        'ce-traceparent': '00-a',
      })),
    );
  });

  it('reads its journal to who asks as agreed, as much at a time as fits into a message', async () => {
    const service = await stage.runtime('asked');
    await connected(service.bus);
    const aggregate = stage.keep(createTally(service));
    await aggregate.prepare();
    aggregate.start();
    const long = '\0'.repeat(50_000);
    for (const stream of ['a', 'b']) {
      for (const by of ['1', '2', '3', '4', '5']) {
        await aggregate.handle(stream, { type: 'Hold', by: `${by}${long}` }, originOf());
        await aggregate.handle(stream, { type: 'Release' }, originOf());
      }
    }
    const read = (stream: string, after: number) =>
      owner.bus.ask('asked', 'journal.read', { stream, after }) as Promise<Envelope[]>;
    const versions: number[] = [];
    let answers = 0;
    for (let events = await read('a', 0); events.length > 0; answers += 1) {
      versions.push(...events.map(({ sequence }) => sequence));
      events = await read('a', versions.at(-1) ?? 0);
    }
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(answers).toBeGreaterThan(1);
    const names: string[] = [];
    for (let after = ''; ; after = names.at(-1) ?? '') {
      const page = (await owner.bus.ask('asked', 'journal.streams', { after })) as { stream: string; events: [] }[];
      if (page.length === 0) break;
      names.push(...page.map(({ stream }) => stream));
    }
    expect(names).toEqual(['a', 'b']);
    for (const question of [
      { stream: { $gt: '' }, after: 0 },
      { stream: 'a', after: { $gt: 0 } },
      { stream: ['a'], after: 0 },
    ])
      await expect(owner.bus.ask('asked', 'journal.read', question)).rejects.toThrow(ContractError);
    await expect(owner.bus.ask('asked', 'journal.streams', { after: { $gt: '' } })).rejects.toThrow(ContractError);
  });

  it('shows a decision in the views before it answers, and before anybody hears of it', async () => {
    const aggregate = stage.keep(createTally(owner));
    await aggregate.handle('answered', { type: 'Add', amounts: [1, 2] }, originOf());
    expect(await rowOf('answered')).toMatchObject({ version: 2, total: 3 });

    const release = Promise.withResolvers<undefined>();
    const silent = createSilentTally(await stage.runtime('views'), false);
    const order: string[] = [];
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'views',
      journal: silent.journal,
      bus: {
        ...owner.bus,
        publish: (service, event) => {
          order.push(`published ${event.subject}`);
          return owner.bus.publish(service, event);
        },
      },
      logger: owner.logger,
      applyViews: async ({ stream }) => {
        if (stream === 'slow') await release.promise;
        order.push(`shown ${stream}`);
      },
      sweepEveryMs: 20,
      gatherMs: 0,
      sweepBatch: 10,
      longestDelayMs: 100,
      clock: () => new Date(),
    });
    const documents = await Promise.all(
      ['slow', 'quick'].map(async (stream) => {
        await silent.add(stream, 1);
        return silent.journal.head(stream);
      }),
    );
    relay.start();
    stage.keep(relay);
    const dispatched = documents.filter((document) => document !== null).map((document) => relay.dispatch(document));
    await dispatched[1];
    await until('the quick one left', () => order.includes('published quick'));
    // Sweeps go on meanwhile, and must not overtake the views of decisions in progress.
    const sweeps = order.length;
    await until('a sweep has passed', async () => (await silent.journal.unpublished(10)).length === 1);
    expect(order.slice(sweeps)).toEqual([]);
    expect(order).not.toContain('published slow');
    release.resolve(undefined);
    await until('the slow one left', () => order.includes('published slow'));
    expect(order.indexOf('shown slow')).toBeLessThan(order.indexOf('published slow'));
    await allPublished(silent.journal);
  });

  it('answers although the views failed, and writes them later', async () => {
    const service = await stage.runtime('failing');
    const silent = createSilentTally(service, false);
    let failures = 3;
    const shown: string[] = [];
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'failing',
      journal: silent.journal,
      bus: owner.bus,
      logger: owner.logger,
      applyViews: async ({ _id }) => {
        if (failures-- > 0) throw new Error('the views are broken');
        shown.push(_id);
      },
      sweepEveryMs: 20,
      gatherMs: 0,
      sweepBatch: 10,
      longestDelayMs: 100,
      clock: () => new Date(),
    });
    await silent.add('a', 1);
    const head = await silent.journal.head('a');
    if (head) await relay.dispatch(head);
    expect(shown).toEqual([]);
    expect(await inBroker('failing')).toEqual([]);
    relay.start();
    stage.keep(relay);
    await allPublished(silent.journal);
    expect(shown).toEqual(['a@1']);
    expect((await inBroker('failing')).map(({ id }) => id)).toEqual(['failing.a@1']);
  });

  it('delivers what a crash left over, each stream in order, more than one batch', async () => {
    const service = await stage.runtime('crashed', { SWEEP_BATCH: '16' });
    await connected(service.bus);
    const crashed = createSilentTally(service, false);
    await crashed.journal.createIndexes();
    const streams = ['x', 'y', 'z'];
    await Promise.all(streams.map((stream) => crashed.add(stream, 20)));
    const aggregate = stage.keep(createTally(service));
    await aggregate.prepare();
    aggregate.start();
    await allPublished(aggregate.journal);
    const left = await inBroker('crashed');
    for (const name of streams) {
      expect(left.filter(({ stream }) => stream === name).map(({ id }) => id)).toEqual(
        Array.from({ length: 20 }, (_, index) => `crashed.${name}@${index + 1}`),
      );
    }
    expect(
      await service.database.collection<{ _id: string }>('tallies').find().sort({ _id: 1 }).toArray(),
    ).toMatchObject(streams.map((_id) => ({ _id, version: 20, total: 210 })));
  });

  it('lets several relays of a service deliver the same leftovers; the broker has each event once', async () => {
    const [one, other] = await Promise.all([stage.runtime('twice'), stage.runtime('twice')]);
    await Promise.all([connected(one.bus), connected(other.bus)]);
    const crashed = createSilentTally(one, false);
    await crashed.journal.createIndexes();
    await Promise.all(['x', 'y'].map((stream) => crashed.add(stream, 15)));
    const aggregates = [one, other].map((runtime) => stage.keep(createTally(runtime)));
    for (const aggregate of aggregates) aggregate.start();
    await allPublished(crashed.journal);
    const ids = (await inBroker('twice')).map(({ id }) => id);
    expect(new Set(ids).size).toBe(30);
    expect(ids).toHaveLength(30);
  });

  it('brings events of streams with any name into the broker', async () => {
    const aggregate = stage.keep(createTally(await stage.runtime('named')));
    await aggregate.prepare();
    await connected(owner.bus);
    const names = [
      '10\r',
      '10\r\nX: y',
      ' ',
      '>',
      '*',
      'a.>',
      '.',
      '%',
      '%2e',
      '"',
      "'()~!",
      '\u0000\t',
      '한'.repeat(255),
      '🚲',
    ];
    for (const name of names) await aggregate.handle(name, { type: 'Add', amounts: [1] }, originOf());
    aggregate.start();
    await allPublished(aggregate.journal);
    const arrived = (await inBroker('named')).map(({ stream }) => decodeURIComponent(stream));
    expect(arrived.toSorted()).toEqual(names.toSorted());
    expect(await aggregate.journal.countRefused()).toBe(0);
  });

  it('looks now and then for what another process put aside before it died', async () => {
    const service = await stage.runtime('orphaned');
    const silent = createSilentTally(service, false);
    await silent.journal.createIndexes();
    await silent.add('orphan', 1);
    const put = { because: 'it was too long', times: 9, since: new Date(0), until: new Date(0) };
    await silent.journal.putAside('orphan@1', put);
    let looks = 0;
    let sweeps = 0;
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'orphaned',
      journal: {
        ...silent.journal,
        unpublished: (...of) => {
          sweeps += 1;
          return silent.journal.unpublished(...of);
        },
        refusedDue: (...of) => {
          looks += 1;
          return silent.journal.refusedDue(...of);
        },
      },
      bus: owner.bus,
      logger: createLogbook().logger,
      applyViews: async () => undefined,
      sweepEveryMs: 5,
      gatherMs: 0,
      sweepBatch: 4,
      longestDelayMs: 1,
      clock: () => new Date(),
    });
    relay.start();
    stage.keep(relay);
    await until('it is published', async () => (await silent.journal.countUnpublished()) === 0);
    await until('it went on looking', () => sweeps > 40);
    // One in five, and while something was refused a moment ago, each.
    expect(looks).toBeLessThan(sweeps / 2);
  });

  it('puts aside what is refused for good, tries it again at growing intervals, and delivers all others', async () => {
    const service = await stage.runtime('poisoned');
    const silent = createSilentTally(service, false);
    await silent.journal.createIndexes();
    const poison = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9'];
    const tooLong = '.'.repeat(1_100_000);
    const decide = (stream: string, command: TallyCommand) => silent.handle(stream, command, originOf());
    for (const stream of poison) {
      await decide(stream, { type: 'Hold', by: 'somebody' });
      await decide(stream, { type: 'Release' });
    }
    // As in a journal from before today's limit.
    await service.database
      .collection('journal')
      .updateMany({ stream: { $in: poison }, version: 1 }, { $set: { 'events.0.data.by': tooLong } });
    await silent.add('broken view', 1);
    await silent.add('fine', 3);
    const tried = new Map<string, number>();
    const { logger, lines } = createLogbook();
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'poisoned',
      journal: silent.journal,
      bus: {
        status: () => owner.bus.status(),
        publish: (publisher, event) => {
          tried.set(event.id, (tried.get(event.id) ?? 0) + 1);
          return owner.bus.publish(publisher, event);
        },
      },
      logger,
      applyViews: async ({ stream }) => {
        if (stream === 'broken view') throw new Error('the view is broken');
      },
      sweepEveryMs: 20,
      gatherMs: 0,
      sweepBatch: 4,
      longestDelayMs: 60_000,
      clock: () => new Date(),
    });
    relay.start();
    stage.keep(relay);
    await until('all that can go went', async () => (await silent.journal.unpublished(1)).length === 0);
    const arrived = async () => (await inBroker('poisoned')).map(({ id }) => id).toSorted();
    const good = ['fine@1', 'fine@2', 'fine@3', ...poison.map((stream) => `${stream}@2`)];
    expect(await arrived()).toEqual(good.map((place) => `poisoned.${place}`).toSorted());
    const refused = await silent.journal.refused(100);
    expect(refused.map(({ _id }) => _id).toSorted()).toEqual(
      ['broken view@1', ...poison.map((stream) => `${stream}@1`)].toSorted(),
    );
    expect(await silent.journal.countRefused()).toBe(10);
    expect(refused.find(({ stream }) => stream === 'p1')?.refused?.because).toMatch(/max_payload/i);
    expect(lines.filter(({ message }) => message === 'a decision is refused, and steps aside')).toHaveLength(10);
    await until('it was tried again', () => (tried.get('poisoned.p1@1') ?? 0) >= 5);
    // 20 ms, 40 ms, 80 ms …
    const after = await silent.journal.refused(100);
    const first = after.find(({ stream }) => stream === 'p1')?.refused;
    expect(first && first.until.getTime() - first.since.getTime()).toBeGreaterThan(20 * 2 ** 4);
    // A repaired one is delivered, and no longer listed.
    await service.database
      .collection('journal')
      .updateOne(
        { stream: 'p1', version: 1 },
        { $set: { 'events.0.data.by': 'somebody', 'refused.until': new Date(0) } },
      );
    await until('the repaired one arrived', async () => (await arrived()).includes('poisoned.p1@1'));
    await until('it is listed no more', async () => (await silent.journal.countRefused()) === 9);
  });

  it('tries all again that are due in one round, more than one batch', async () => {
    const service = await stage.runtime('crowded');
    const silent = createSilentTally(service, false);
    await silent.journal.createIndexes();
    const streams = Array.from({ length: 16 }, (_, index) => `s${index}`);
    for (const stream of streams) await silent.add(stream, 1);
    let isRefused = true;
    let rounds = 0;
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'crowded',
      journal: {
        ...silent.journal,
        unpublished: (limit) => {
          rounds += 1;
          return silent.journal.unpublished(limit);
        },
      },
      bus: owner.bus,
      logger: owner.logger,
      applyViews: async () => {
        if (isRefused) throw new Error('the view is broken');
      },
      sweepEveryMs: 20,
      gatherMs: 0,
      sweepBatch: 1,
      longestDelayMs: 100,
      clock: () => new Date(),
    });
    relay.start();
    stage.keep(relay);
    await until('all stepped aside', async () => (await silent.journal.countRefused()) === streams.length);
    isRefused = false;
    rounds = 0;
    await allPublished(silent.journal);
    // They are due within 100 ms, a round or two; one at a time they would take sixteen.
    expect(rounds).toBeLessThanOrEqual(8);
  });

  it('remembers without a broker the views of so many decisions, and writes those of others again', async () => {
    const shown: string[] = [];
    let round: () => void = () => undefined;
    const documentOf = (number: number) => ({ _id: `s${number}@1`, events: [] }) as unknown as TallyDocument;
    const last = documentOf(decisionsRemembered);
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'long outage',
      journal: {
        unpublished: () => Promise.resolve([documentOf(0), last]),
        refusedDue: () => Promise.resolve([]),
        putAside: () => Promise.resolve(),
        markPublished: () => Promise.reject(new UnavailableError('away')),
      },
      bus: { publish: () => Promise.reject(new UnavailableError('away')), status: () => 'not connected' },
      logger: owner.logger,
      applyViews: async ({ _id }) => void shown.push(_id),
      sweepEveryMs: 1,
      sweepBatch: 256,
      gatherMs: 0,
      longestDelayMs: 100,
      clock: () => new Date(),
      time: {
        ...realTime,
        every(_ms, call) {
          round = call;
          return () => undefined;
        },
      },
    });
    for (let number = 0; number <= decisionsRemembered; number += 1) await relay.dispatch(documentOf(number));
    expect(shown).toHaveLength(decisionsRemembered + 1);
    relay.start();
    for (let rounds = 0; rounds < 8; rounds += 1) {
      round();
      await endOfTurn();
    }
    await relay.close();
    expect(shown.slice(decisionsRemembered + 1)).toEqual(['s0@1']);
  });

  it('looks less often for what others left over while it has much under way', async () => {
    let looks = 0;
    let round: () => void = () => undefined;
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'busy',
      journal: {
        unpublished: () => {
          looks += 1;
          return Promise.resolve([]);
        },
        refusedDue: () => Promise.resolve([]),
        putAside: () => Promise.resolve(),
        markPublished: () => Promise.resolve(),
      },
      bus: { publish: () => new Promise(() => undefined), status: () => 'ok' },
      logger: owner.logger,
      applyViews: () => Promise.resolve(),
      sweepEveryMs: 1,
      sweepBatch: 256,
      gatherMs: 0,
      longestDelayMs: 100,
      clock: () => new Date(),
      time: {
        ...realTime,
        every(_ms, call) {
          round = call;
          return () => undefined;
        },
      },
    });
    const looksIn = async (rounds: number) => {
      looks = 0;
      for (let count = 0; count < rounds; count += 1) {
        round();
        await new Promise((resolve) => setImmediate(resolve));
      }
      return looks;
    };
    relay.start();
    expect(await looksIn(1)).toBe(1);
    expect(await looksIn(32)).toBe(8);
    for (let index = 0; index <= 100; index += 1) {
      await relay.dispatch({ _id: `s${index}@1`, events: [{}] } as TallyDocument);
    }
    expect(await looksIn(32)).toBe(2);
  });

  it('tries again at once what a clock ahead by an hour has put off', async () => {
    const service = await stage.runtime('ahead');
    const silent = createSilentTally(service, false);
    await silent.journal.createIndexes();
    await silent.add('a', 1);
    let aheadMs = 3_600_000;
    let isRefused = true;
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'ahead',
      journal: silent.journal,
      bus: owner.bus,
      logger: owner.logger,
      applyViews: async () => {
        if (isRefused) throw new Error('the view is broken');
      },
      sweepEveryMs: 20,
      gatherMs: 0,
      sweepBatch: 4,
      longestDelayMs: 100,
      clock: () => new Date(Date.now() + aheadMs),
    });
    relay.start();
    stage.keep(relay);
    await until('it stepped aside', async () => (await silent.journal.countRefused()) === 1);
    [aheadMs, isRefused] = [0, false];
    await allPublished(silent.journal);
    expect((await inBroker('ahead')).map(({ id }) => id)).toEqual(['ahead.a@1']);
  });

  it('does not ask the database again and again while a full batch is under way', async () => {
    const service = await stage.runtime('waiting');
    const silent = createSilentTally(service, false);
    await silent.add('a', 4);
    const { journal } = silent;
    let asked = 0;
    const never = new Promise<boolean>(() => undefined);
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'waiting',
      journal: {
        ...journal,
        unpublished: (limit) => {
          asked += 1;
          return journal.unpublished(limit);
        },
      },
      bus: { ...owner.bus, publish: () => never },
      logger: owner.logger,
      applyViews: () => Promise.resolve(),
      sweepEveryMs: 200,
      gatherMs: 0,
      sweepBatch: 4,
      longestDelayMs: 100,
      clock: () => new Date(),
    });
    for (const document of await journal.unpublished(4)) await relay.dispatch(document);
    const startedAt = Date.now();
    relay.start();
    stage.keep(relay);
    await until('it swept', () => asked >= 4);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(3.5 * 200);
  });
});

describe('while the broker is away', () => {
  it('shows every decision that a crash left over, more than one batch, though a view refuses', async () => {
    const service = await stage.runtime('dark');
    const silent = createSilentTally(service, false);
    for (const stream of ['broken', 'a', 'b', 'c', 'd', 'e', 'f']) await silent.add(stream, 1);
    const shown = new Set<string>();
    const relay = createOutboxRelay<Tally, TallyEvent>({
      service: 'dark',
      journal: silent.journal,
      bus: { ...owner.bus, status: () => 'disconnected' },
      logger: owner.logger,
      applyViews: async ({ stream }) => {
        if (stream === 'broken') throw new Error('the view is broken');
        shown.add(stream);
      },
      sweepEveryMs: 20,
      gatherMs: 0,
      sweepBatch: 3,
      longestDelayMs: 100,
      clock: () => new Date(),
    });
    relay.start();
    stage.keep(relay);
    await until('all others are shown', () => shown.size === 6, 5_000);
  });

  it('commands are accepted, and their events delivered in order once it is back', async () => {
    const gate = stage.keep(await createGate(natsUrl(), 'shut'));
    const service = await stage.runtime('cut', { NATS_URL: gate.url, PUBLISH_TIMEOUT_MS: '500' });
    const aggregate = stage.keep(createTally(service));
    await aggregate.prepare();
    aggregate.start();
    const add = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () => aggregate.handle('a', { type: 'Add', amounts: [1] }, originOf())),
      );
    // From the start, then after a time with a broker.
    expect((await add(10)).every(({ kind }) => kind === 'decided')).toBe(true);
    expect(await service.database.collection('tallies').findOne()).toMatchObject({ version: 10 });
    await gate.open();
    await connected(service.bus);
    await allPublished(aggregate.journal);
    await gate.shut();
    await until('it noticed', () => service.bus.status() !== 'ok');
    expect((await add(10)).every(({ kind }) => kind === 'decided')).toBe(true);
    expect((await inBroker('cut')).length).toBe(10);
    await gate.open();
    await allPublished(aggregate.journal);
    expect((await inBroker('cut')).map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, index) => `cut.a@${index + 1}`),
    );
  });

  it('an event that the broker stored without an answer is delivered again, and stored once', async () => {
    const gate = stage.keep(await createGate(natsUrl()));
    const service = await stage.runtime('unsaid', { NATS_URL: gate.url, PUBLISH_TIMEOUT_MS: '300' });
    await connected(service.bus);
    const aggregate = stage.keep(createTally(service));
    await aggregate.prepare();
    aggregate.start();
    gate.swallowAnswers();
    await aggregate.handle('a', { type: 'Add', amounts: [1] }, originOf());
    await until('the broker stored it', async () => (await inBroker('unsaid')).length === 1);
    expect(await aggregate.journal.unpublished(1)).toHaveLength(1);
    await gate.shut();
    await gate.open();
    await allPublished(aggregate.journal);
    const events: Partial<Envelope>[] = await inBroker('unsaid');
    expect(events.map(({ id }) => id)).toEqual(['unsaid.a@1']);
  });
});
