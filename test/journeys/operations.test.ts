import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers as natsHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { Client } from '../../schema/client/client.ts';
import {
  DiscardParkedEventDocument,
  ParkedEventDocument,
  ParkedEventsDocument,
  RedriveParkedEventDocument,
  ServicesDocument,
  type ParkedEventFieldsFragment,
} from '../../schema/client/generated/graphql.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { sourceOf, toBinaryMode, type Envelope } from '../../schema/events/index.ts';
import { subjectToken } from '../../platform/messaging/event-stream.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

describe('operating the system through the graph', () => {
  let system: TestSystem;
  let broker: NatsConnection;
  let admin: Client;
  let operator: Client;
  beforeAll(async () => {
    system = await startSystem();
    broker = await connect({ servers: system.env['NATS_URL'] ?? '' });
    admin = await system.client('admin', 'admin');
    operator = await system.client('operator', 'operator');
  }, 240_000);
  afterAll(async () => {
    await broker.close();
    await system.close();
  });

  async function publish(service: string, stream: string, payload: string, header: [string, string][]): Promise<void> {
    const carried = natsHeaders();
    for (const [name, value] of header) carried.set(name, value);
    await jetstream(broker).publish(`${system.name}.${service}.${subjectToken(stream)}`, payload, { headers: carried });
  }

  /** An event that its owner did not decide, in the place of a stream's next one. */
  async function publishPoison(service: string, stream: string, sequence: number): Promise<void> {
    const event: Envelope = {
      specversion: '1.0',
      id: `${service}.${stream}@${sequence}`,
      source: sourceOf(service),
      type: 'UnknownEvent',
      subject: stream,
      time: new Date().toISOString(),
      sequence,
      correlationid: 'the poisoner',
      causationid: 'the poisoner',
      data: { poison: true },
    };
    const { headers, payload } = toBinaryMode(event);
    await publish(service, stream, payload, headers);
  }

  async function parkedAt(service: string): Promise<ParkedEventFieldsFragment[]> {
    return (await operator.request(ParkedEventsDocument, { filter: { service } })).parkedEvents.nodes;
  }

  const redrive = async (id: string, idempotencyKey?: string) =>
    (await admin.request(RedriveParkedEventDocument, { input: { id, ...(idempotencyKey ? { idempotencyKey } : {}) } }))
      .redriveParkedEvent;
  const discard = async (id: string, reason: string) =>
    (await admin.request(DiscardParkedEventDocument, { input: { id, reason } })).discardParkedEvent;
  const codeOf = (request: Promise<unknown>) =>
    request.then(
      () => 'no error',
      (error: unknown) => (error as { code: string }).code,
    );

  it('shows how every service is', async () => {
    const { services } = await operator.request(ServicesDocument, {});
    expect(services.map(({ name }) => name).toSorted()).toEqual([...subgraphNames].toSorted());
    for (const service of services) {
      expect(service).toMatchObject({ status: 'UP', problem: null, parkedEvents: 0 });
      expect(Date.now() - Date.parse(String(service.startedAt))).toBeLessThan(240_000);
    }
  });

  it('lets a poison message be seen and handled again, while everything else flows', async () => {
    const [poisoned = 0, calm = 0] = await registerBikes(system, 2);
    const [unlucky, lucky] = [await rider(system, 'unlucky'), await rider(system, 'lucky')];
    for (const one of [unlucky, lucky]) await one.buys(1000);
    const held = await unlucky.reserves(poisoned);
    expect(held.status).toBe('RESERVED');

    // bike-N: slot opened, reservation requested, reservation confirmed; the next one is version 4.
    await publishPoison('reservation', `bike-${poisoned}`, 4);
    await until('both followers of the stream parked it', async () => {
      return (await parkedAt('point')).length === 1 && (await parkedAt('dashboard')).length === 1;
    });
    const [seen] = await parkedAt('point');
    expect(seen).toMatchObject({
      service: 'point',
      subject: `${system.name}.reservation.bike-${poisoned}`,
      version: 4,
      eventType: 'UnknownEvent',
      correlationId: 'the poisoner',
      payload: '{"poison":true}',
      errorClass: 'CONTRACT',
      error: expect.stringContaining('UnknownEvent'),
      status: 'PARKED',
      actions: [],
    });
    const id = seen?.id ?? '';
    expect((await operator.request(ParkedEventDocument, { id })).parkedEvent).toEqual(seen);
    expect(await redrive(id, 'too early')).toMatchObject({ redriven: 0, refusal: { code: 'STILL_FAILING' } });

    // The true version 4 waits behind the forged one, and the restoration with it; another bike does not.
    expect(await unlucky.cancels(held.reserveNo)).toBe('CANCELLED');
    expect((await lucky.reserves(calm)).status).toBe('RESERVED');
    expect(await unlucky.points()).toBe(0);
    await until('the true event took the place of its impostor', async () => {
      return (await operator.request(ParkedEventDocument, { id })).parkedEvent?.eventType === 'ReservationCancelled';
    });

    for (const service of ['point', 'dashboard']) {
      const [parked] = await parkedAt(service);
      expect(await redrive(parked?.id ?? '', 'now')).toMatchObject({ redriven: 1, refusal: null });
      // Twice is harmless.
      expect(await redrive(parked?.id ?? '', 'now')).toMatchObject({ redriven: 1, refusal: null });
      expect(await redrive(parked?.id ?? '')).toMatchObject({ redriven: 0, refusal: null });
    }
    await until('the points are back', async () => (await unlucky.points()) === 1000);
    const settled = (await operator.request(ParkedEventDocument, { id })).parkedEvent;
    expect(settled).toMatchObject({ status: 'REDRIVEN' });
    expect(settled?.actions.map(({ kind, by }) => [kind, by])).toEqual([
      ['REDRIVE', 'admin'],
      ['REDRIVE', 'admin'],
    ]);
    await checkInvariants(system);
  }, 240_000);

  it('lets what makes no sense be given up in order, with a reason that is kept', async () => {
    await publishPoison('reservation', 'poison-4711', 1);
    await publishPoison('reservation', 'poison-4711', 2);
    await publish('bike', 'bike-1', 'no JSON', [['ce-id', 'poison-garbage']]);
    await until('it is parked', async () => {
      return (await parkedAt('dashboard')).length === 3 && (await parkedAt('point')).length === 2;
    });
    const parked = await parkedAt('dashboard');
    const [garbage] = parked.filter(({ version }) => version === null);
    const [first, second] = [1, 2].map((wanted) => parked.find(({ version }) => version === wanted)?.id ?? '');
    expect(await redrive(garbage?.id ?? '')).toMatchObject({ refusal: { code: 'STILL_FAILING' } });
    expect(await discard(garbage?.id ?? '', 'Not even JSON.')).toMatchObject({
      refusal: null,
      parkedEvent: { status: 'DISCARDED', reason: 'Not even JSON.', eventType: null, payload: 'no JSON' },
    });

    expect(await discard(second ?? '', 'Later.')).toMatchObject({ refusal: { code: 'NOT_FIRST_IN_LINE' } });
    expect(await discard(first ?? '', 'Nobody decided it.')).toMatchObject({ refusal: null, redriven: 0 });
    expect(await discard(second ?? '', ' Nor this. ')).toMatchObject({
      refusal: null,
      parkedEvent: { status: 'DISCARDED', reason: 'Nor this.', actions: [{ by: 'admin', reason: 'Nor this.' }] },
    });
    for (const version of [1, 2]) {
      const [next] = await parkedAt('point');
      expect(next?.version).toBe(version);
      expect(await discard(next?.id ?? '', 'Nobody decided it.')).toMatchObject({ refusal: null });
    }
    const { parkedEvents } = await operator.request(ParkedEventsDocument, { filter: { status: 'DISCARDED' } });
    expect(parkedEvents.totalCount).toBe(5);
    await checkInvariants(system);
  }, 240_000);

  it('turns pages over all services without a gap or a repeat', async () => {
    const filter = { status: 'DISCARDED' } as const;
    const whole = (await operator.request(ParkedEventsDocument, { filter })).parkedEvents.nodes.map(({ id }) => id);
    const paged: string[] = [];
    for (let after: string | null | undefined = null; ;) {
      const page = { filter, first: 2, after };
      const { parkedEvents }: Awaited<ReturnType<typeof pageOf>> = await pageOf(page);
      paged.push(...parkedEvents.nodes.map(({ id }) => id));
      if (!parkedEvents.pageInfo.hasNextPage) break;
      after = parkedEvents.pageInfo.endCursor;
    }
    expect(paged).toEqual(whole);
    expect(new Set(whole).size).toBe(5);
  });
  const pageOf = (page: object) => operator.request(ParkedEventsDocument, page);

  it('is for those who may, and asks for a proper reason', async () => {
    const [auditor, someone] = [await system.client('auditor', 'auditor'), await system.client('someone', 'rider')];
    const input = { id: 'point:nothing', reason: 'Because.' };
    expect(await codeOf(auditor.request(ServicesDocument, {}))).toBe('no error');
    expect(await codeOf(auditor.request(ParkedEventsDocument, {}))).toBe('no error');
    expect(await codeOf(someone.request(ServicesDocument, {}))).toBe('FORBIDDEN');
    expect(await codeOf(someone.request(ParkedEventsDocument, {}))).toBe('FORBIDDEN');
    expect(await codeOf(someone.request(ParkedEventDocument, { id: 'x' }))).toBe('FORBIDDEN');
    for (const client of [someone, auditor, operator]) {
      expect(await codeOf(client.request(DiscardParkedEventDocument, { input }))).toBe('FORBIDDEN');
      expect(await codeOf(client.request(RedriveParkedEventDocument, { input: { id: input.id } }))).toBe('FORBIDDEN');
    }
    for (const reason of ['', '  ', 'x'.repeat(501)]) {
      const request = admin.request(DiscardParkedEventDocument, { input: { ...input, reason } });
      expect(await codeOf(request)).toBe('BAD_USER_INPUT');
    }
    expect(await codeOf(admin.request(ParkedEventsDocument, { after: 'nonsense' }))).toBe('BAD_USER_INPUT');
    expect(await codeOf(admin.request(ParkedEventsDocument, { first: 0 }))).toBe('BAD_USER_INPUT');
    for (const id of ['point:nothing', 'nobody:nothing', '']) {
      expect(await redrive(id)).toMatchObject({ parkedEvent: null, refusal: { code: 'PARKED_EVENT_NOT_FOUND' } });
    }
  });
});
