import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Envelope } from '../../schema/events/envelope.ts';
import { ContractError } from '../foundation/errors.ts';
import type { Health } from './operator-endpoints.ts';
import {
  parkedPerAnswer,
  type ParkedAnswer,
  type ParkedList,
  type ParkedView,
} from '../messaging/dead-letters/admin.ts';
import type { ParkedMessage } from '../messaging/dead-letters/parked-message.ts';
import type { ParkedQuestion } from '../messaging/questions.ts';
import { startService } from './service.ts';
import { behind, connected, createGate, createSilentTally, createStage, mongodbUri, type Stage } from './testing.ts';
import { until } from '../../test/support/until.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

const sdl = 'scalar Long scalar DateTime type Query { ok: Boolean }';
let scenes = 0;

const refused = { id: 'a@1', because: 'too long', times: 3, since: '2026-11-26T00:00:00.000Z' };

/** A service that follows a publisher and fails where the test says so, and a client that asks it over the bus. */
async function createScene(env: NodeJS.ProcessEnv = {}) {
  scenes += 1;
  const [publisher, name] = [`owner${scenes}`, `follower${scenes}`];
  // A long time-out, for busy machines.
  const patient = { REQUEST_TIMEOUT_MS: '15000', OPERATE_TIMEOUT_MS: '30000' };
  const owner = await stage.runtime(publisher, patient);
  await connected(owner.bus);
  await owner.bus.ensureStream();
  const { add, journal } = createSilentTally(owner);
  owner.bus.serve(publisher, 'journal.read', async (question) => {
    const { stream, after } = question as { stream: string; after: number };
    return journal.eventsAfter(stream, after, 100);
  });
  const poison = new Set<string>();
  const handled: string[] = [];
  const { database } = await stage.runtime(name);
  const service = await startService(
    {
      name,
      sdl,
      port: 0,
      create: () => ({
        resolvers: {},
        parts: [{ prepare: async () => undefined, unpublished: async () => 7, refused: async () => [refused] }],
        follows: {
          publishers: [publisher],
          handle: async ({ subject, sequence }) => {
            if (poison.has(`${subject}@${sequence}`)) throw new ContractError(`${subject}@${sequence} is poison.`);
            handled.push(`${subject}@${sequence}`);
          },
        },
      }),
    },
    { ...stage.env, ...env },
  );
  stage.keep(service);
  await connected(service.runtime.bus);
  const ask = <Answer>(endpoint: string, question: unknown) =>
    owner.bus.ask(name, endpoint, question) as Promise<Answer>;
  const tokenOf = async (userId: string, ...roles: string[]) => `Bearer ${await stage.token(userId, roles)}`;
  const authorization = await tokenOf('watcher', 'auditor');
  const order = async (endpoint: string, { by, ...what }: { id: string; key: string; by: string; reason?: string }) => {
    const signed = { ...what, authorization: await tokenOf(by, 'admin') };
    return owner.bus.ask(name, endpoint, signed, owner.settings.OPERATE_TIMEOUT_MS) as Promise<ParkedAnswer>;
  };
  const idOf = (stream: string, version: number) => `${stage.name}.${publisher}.${stream}#${version}`;
  return {
    name,
    poison,
    handled,
    idOf,
    ask,
    tokenOf,
    parked: database.collection<ParkedMessage>('parked'),
    list: (question: Partial<ParkedQuestion> = {}) =>
      ask<ParkedList>('parked.list', { authorization, status: 'parked', after: null, limit: 200, ...question }),
    get: (id: string) => ask<ParkedView | null>('parked.get', { authorization, id }),
    redrive: (id: string, key: string, by = 'boss') => order('parked.redrive', { id, key, by }),
    discard: (id: string, key: string, reason = 'made by mistake') =>
      order('parked.discard', { id, key, by: 'boss', reason }),
    /** Publishes this many events of a stream, some of them poison, and waits until none is on its way. */
    async publish(stream: string, count: number, poisonous: number[] = []): Promise<Envelope[]> {
      for (const version of poisonous) poison.add(`${stream}@${version}`);
      const events = await add(stream, count);
      for (const event of events) await owner.bus.publish(publisher, event);
      await until('everything is handled or parked', async () => {
        const question = { authorization, status: 'parked', after: null, limit: 1 };
        const { total } = await ask<ParkedList>('parked.list', question);
        const settled = handled.filter((place) => place.startsWith(`${stream}@`)).length;
        return settled + total >= count && (await ask<Health>('health', null)).pendingEvents === 0;
      });
      return events;
    },
  };
}

describe('a service, asked for its health,', () => {
  it('tells when it was started, and what waits', async () => {
    const { publish, ask } = await createScene();
    await publish('a', 3, [2]);
    const { startedAt, ...health } = await ask<Health>('health', null);
    expect(health).toEqual({
      database: 'ok',
      unpublishedDecisions: 7,
      refusedDecisions: [refused],
      pendingEvents: 0,
      parkedEvents: 2,
    });
    expect(Date.now() - Date.parse(startedAt)).toBeLessThan(60_000);
  });

  it('says that it cannot use its database, and leaves the figures out', async () => {
    const gate = stage.keep(await createGate(mongodbUri()));
    const { ask } = await createScene({ ...behind(gate), REQUEST_TIMEOUT_MS: '2000' });
    await gate.shut();
    const health = await ask<Health>('health', null);
    await gate.open();
    expect(health.database).not.toBe('ok');
    expect(health).toMatchObject({
      unpublishedDecisions: null,
      refusedDecisions: null,
      pendingEvents: null,
      parkedEvents: null,
    });
  });
});

describe('an operator', () => {
  it('is who their own token says, whatever the service that asks says', async () => {
    const { publish, ask, idOf, tokenOf, poison, get } = await createScene();
    await publish('a', 1, [1]);
    poison.clear();
    const id = idOf('a', 1);
    const list = { status: 'parked', after: null, limit: 1 };
    const codeOf = (endpoint: string, question: object) =>
      ask(endpoint, question).then(
        () => 'answered',
        (error: unknown) => {
          const { extensions, name: errorName } = error as { extensions?: { code?: string }; name: string };
          return extensions?.code ?? errorName;
        },
      );
    const orders: [string, object][] = [
      ['parked.redrive', { id, key: 'k' }],
      ['parked.discard', { id, key: 'k', reason: 'none' }],
    ];
    const questions: [string, object][] = [['parked.list', list], ['parked.get', { id }], ...orders];
    const foreign = await createStage();
    for (const [endpoint, question] of questions) {
      expect(await codeOf(endpoint, question)).toBe('UNAUTHENTICATED');
      for (const authorization of ['', 'boss', 'Bearer x', `Bearer ${await foreign.token('boss', ['admin'])}`])
        expect(await codeOf(endpoint, { ...question, authorization })).toBe('UNAUTHENTICATED');
      const rider = await tokenOf('rider', 'rider');
      expect(await codeOf(endpoint, { ...question, authorization: rider })).toBe('FORBIDDEN');
      expect(await codeOf(endpoint, { ...question, authorization: rider, by: 'boss' })).toBe('ContractError');
    }
    await foreign.close();
    for (const [endpoint, order] of orders) {
      for (const role of ['operator', 'auditor'])
        expect(await codeOf(endpoint, { ...order, authorization: await tokenOf('watcher', role) })).toBe('FORBIDDEN');
    }
    expect(await get(id)).toMatchObject({ status: 'parked', actions: [] });
    const authorization = await tokenOf('the real one', 'admin');
    await ask('parked.redrive', { id, key: 'k', authorization });
    expect(await get(id)).toMatchObject({ status: 'redriven', actions: [{ kind: 'redrive', by: 'the real one' }] });
  });
});

describe('a parked event', () => {
  it('is shown with what is known of it', async () => {
    const { publish, get, idOf } = await createScene();
    const events = await publish('a', 3, [2]);
    expect(await get(idOf('a', 2))).toMatchObject({
      version: 2,
      eventType: 'Added',
      correlationId: events[1]?.correlationid,
      payload: '{"amount":2}',
      errorClass: 'contract',
      error: 'a@2 is poison.',
      stack: expect.stringContaining('operator-endpoints'),
      attempts: 1,
      status: 'parked',
      reason: null,
      actions: [],
    });
    expect(await get(idOf('a', 3))).toMatchObject({ errorClass: 'behind', status: 'parked' });
    expect(await get(idOf('a', 9))).toBeNull();
  });

  it('is handled again with those behind it once the cause is fixed; who did it is kept', async () => {
    const { publish, redrive, get, list, idOf, poison, handled } = await createScene();
    await publish('a', 4, [2]);
    const id = idOf('a', 2);
    expect(await redrive(id, 'first')).toMatchObject({
      redriven: 0,
      refusal: { code: 'STILL_FAILING', because: 'a@2 is poison.' },
      parked: { status: 'parked', attempts: 2 },
    });
    poison.clear();
    // The same key gives the first answer again, even after changes; another key tries again.
    expect((await redrive(id, 'first')).refusal?.code).toBe('STILL_FAILING');
    expect(await redrive(id, 'second', 'admin')).toMatchObject({
      redriven: 3,
      refusal: null,
      parked: { status: 'redriven' },
    });
    expect(handled).toEqual(['a@1', 'a@2', 'a@3', 'a@4']);
    expect((await list()).total).toBe(0);
    expect((await get(id))?.actions).toEqual([
      { kind: 'redrive', by: 'boss', at: expect.any(String), reason: null },
      { kind: 'redrive', by: 'admin', at: expect.any(String), reason: null },
    ]);
    // Twice is harmless, under any key.
    expect(await redrive(id, 'second')).toMatchObject({ redriven: 3, refusal: null });
    expect(await redrive(id, 'third')).toMatchObject({ redriven: 0, refusal: null, parked: { status: 'redriven' } });
    expect(handled).toHaveLength(4);
  });

  it('answers the operator who redrives it at once, however many wait behind it', async () => {
    const { publish, redrive, idOf, poison, handled } = await createScene();
    await publish('a', 40, [2]);
    poison.clear();
    expect(await redrive(idOf('a', 2), 'key')).toMatchObject({ redriven: 39, refusal: null });
    expect(handled).toHaveLength(40);
  });

  it('is given up with a reason, and those behind it are handled', async () => {
    const { publish, discard, get, idOf, handled } = await createScene();
    await publish('a', 4, [2]);
    const id = idOf('a', 2);
    expect(await discard(id, 'one')).toMatchObject({ redriven: 2, refusal: null, parked: { status: 'discarded' } });
    expect(handled).toEqual(['a@1', 'a@3', 'a@4']);
    expect(await get(id)).toMatchObject({
      reason: 'made by mistake',
      actions: [{ kind: 'discard', by: 'boss', reason: 'made by mistake' }],
    });
    expect(await discard(id, 'one')).toMatchObject({ redriven: 2, refusal: null });
    expect(await discard(id, 'two')).toMatchObject({ redriven: 0, refusal: null });
    expect((await discard(id, 'one', 'another reason')).refusal?.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('refuses what makes no sense, and nothing changes', async () => {
    const { publish, discard, redrive, list, parked, idOf, handled } = await createScene();
    await publish('a', 3, [2]);
    const codeOf = async (answer: Promise<ParkedAnswer>) => (await answer).refusal?.code;
    expect(await codeOf(redrive('nobody', 'k1'))).toBe('PARKED_EVENT_NOT_FOUND');
    expect(await codeOf(discard(idOf('a', 3), 'k2'))).toBe('NOT_FIRST_IN_LINE');
    expect(await codeOf(redrive(idOf('a', 3), 'k3'))).toBe('NOT_FIRST_IN_LINE');
    await parked.updateOne({ _id: idOf('a', 2) }, { $set: { status: 'retrying' } });
    expect(await codeOf(redrive(idOf('a', 2), 'k4'))).toBe('NOT_PARKED');
    await parked.updateOne({ _id: idOf('a', 2) }, { $set: { status: 'discarded' } });
    expect(await codeOf(redrive(idOf('a', 2), 'k5'))).toBe('NOT_PARKED');
    await parked.updateOne({ _id: idOf('a', 2) }, { $set: { status: 'parked' } });
    expect(handled).toEqual(['a@1']);
    const { rows } = await list();
    expect(rows.map(({ version, actions }) => [version, actions])).toEqual([
      [2, []],
      [3, []],
    ]);
  });

  it('is listed with all others, oldest first, in as many answers as it takes', async () => {
    const { list, parked } = await createScene();
    const count = 2 * parkedPerAnswer + 10;
    const at = (minute: number) => new Date(Date.UTC(2026, 10, 23, 0, minute));
    const long = 'x'.repeat(1_000_000);
    await parked.insertMany(
      Array.from({ length: count }, (_, index) => ({
        _id: `subject#${String(index).padStart(3, '0')}`,
        subject: 'subject',
        version: index,
        event: null,
        // Larger than a NATS message together.
        payload: index === 0 ? long : 'payload',
        errorClass: 'unknown' as const,
        error: 'error',
        stack: 'stack',
        attempts: 1,
        status: index === 1 ? ('discarded' as const) : ('parked' as const),
        reason: null,
        // Some at the same moment.
        firstAt: at(Math.floor((count - index) / 3)),
        lastAt: at(0),
      })),
    );
    const seen: ParkedView[] = [];
    for (let after: ParkedQuestion['after'] = null; ;) {
      const { rows, total }: ParkedList = await list({ after });
      expect(total).toBe(count - 1);
      seen.push(...rows);
      const last = rows.at(-1);
      if (!last) break;
      after = { at: last.firstAt, id: last.id };
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(count - 1);
    expect(seen.map(({ firstAt }) => firstAt)).toEqual(seen.map(({ firstAt }) => firstAt).toSorted());
    expect(Math.max(...seen.map(({ payload }) => payload.length))).toBe(4_096);
    // Together, their JSON is longer than a message of the broker.
    const worst = '\0'.repeat(4_096);
    await parked.updateMany({}, { $set: { payload: worst, error: worst, stack: worst } });
    const some = await list();
    expect(some.rows.length).toBeGreaterThan(5);
    expect(some.rows.length).toBeLessThan(parkedPerAnswer);
    expect(some.more).toBe(true);
    expect((await list({ status: 'discarded' })).rows.map(({ id }) => id)).toEqual(['subject#001']);
  });
});

describe('a service that follows no other', () => {
  it('has nothing parked and nothing pending', async () => {
    const owner = await stage.runtime('asker', { REQUEST_TIMEOUT_MS: '15000' });
    await connected(owner.bus);
    const service = await startService(
      { name: 'loner', sdl, port: 0, create: () => ({ resolvers: {}, parts: [] }) },
      stage.env,
    );
    stage.keep(service);
    await connected(service.runtime.bus);
    // Once started and connected it can be asked: no client is told that there is no such service.
    expect(await owner.bus.ask('loner', 'health', null)).toMatchObject({
      database: 'ok',
      unpublishedDecisions: 0,
      refusedDecisions: [],
      pendingEvents: 0,
      parkedEvents: 0,
    });
    const authorization = `Bearer ${await stage.token('boss', ['admin'])}`;
    const ask = (endpoint: string, question: object) =>
      owner.bus.ask('loner', endpoint, { authorization, ...question });
    expect(await ask('parked.list', { status: 'parked', after: null, limit: 1 })).toEqual({
      rows: [],
      more: false,
      total: 0,
    });
    expect(await ask('parked.get', { id: 'x' })).toBeNull();
    const unknown = { parked: null, redriven: 0, refusal: { code: 'PARKED_EVENT_NOT_FOUND' } };
    expect(await ask('parked.redrive', { id: 'x', key: 'k' })).toMatchObject(unknown);
    expect(await ask('parked.discard', { id: 'x', key: 'k', reason: 'none' })).toMatchObject(unknown);
  });
});
