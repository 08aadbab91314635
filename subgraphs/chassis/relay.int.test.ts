import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Envelope } from '../../schema/events/envelope.ts';
import { createAggregate } from './aggregate.ts';
import { createRelay } from './relay.ts';
import type { ConnectedRuntime } from './runtime.ts';
import {
  connected,
  createGate,
  createSilentTally,
  createStage,
  natsUrl,
  originOf,
  tally,
  until,
  type Stage,
  type Tally,
  type TallyDocument,
  type TallyEvent,
} from './testing.ts';
import { rowVersion } from './views.ts';

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

const allPublished = async (journal: { unpublished(limit: number): Promise<unknown[]> }) =>
  until('everything is marked as published', async () => (await journal.unpublished(1)).length === 0);

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
        'Nats-Msg-Id': `owner.a.b 서울@${sequence}`,
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

  it('shows a decision in the views before it answers, and before anybody hears of it', async () => {
    const aggregate = stage.keep(createTally(owner));
    await aggregate.handle('answered', { type: 'Add', amounts: [1, 2] }, originOf());
    expect(await rowOf('answered')).toMatchObject({ version: 2, total: 3 });

    const release = Promise.withResolvers<undefined>();
    const silent = createSilentTally(await stage.runtime('views'), false);
    const order: string[] = [];
    const relay = createRelay<Tally, TallyEvent>({
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
    // Sweeps go on meanwhile, and must not overtake the views of what is under way.
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
    const relay = createRelay<Tally, TallyEvent>({
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

  it('does not ask the database again and again while a full batch is under way', async () => {
    const service = await stage.runtime('waiting');
    const silent = createSilentTally(service, false);
    await silent.add('a', 4);
    const { journal } = silent;
    let asked = 0;
    const never = new Promise<void>(() => undefined);
    const relay = createRelay<Tally, TallyEvent>({
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
    expect(await rowOf('a')).toBeNull();
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
