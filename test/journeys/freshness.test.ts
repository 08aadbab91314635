import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  parse,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import type { Client } from '../../schema/client/client.ts';
import { createFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

/**
 * Nested data is at least as new as its parent. Selects everything that can be nested at once, from the schema, while
 * every service's database and the broker are slow at random.
 */
const schema = buildSchema(readFileSync(new URL('../../schema/client/generated/api.graphql', import.meta.url), 'utf8'));
const entities = ['Bike', 'Reservation', 'ReturnReport', 'User', 'Approval', 'PointAccount'];
/** From entity to entity: a bike, its reservations, their riders, and what those have. */
const hops = 3;

/** Every field of a type, and of the types it leads to. */
function everything(type: GraphQLObjectType, left: number): string {
  return Object.values(type.getFields())
    .flatMap((field) => select(field, left))
    .concat('__typename')
    .join(' ');
}

function select(field: GraphQLField<unknown, unknown>, left: number): string[] {
  const type = getNamedType(field.type);
  if (field.args.some(isRequiredArgument)) return [];
  if (isLeafType(type)) return [field.name];
  // The nodes say the same as the edges; and where a bike stood leads through the stations past the allowed depth.
  if (!isObjectType(type) || ['edges', 'pageInfo', 'moves'].includes(field.name)) return [];
  const isEntity = entities.includes(type.name);
  if (isEntity && left === 0) return [];
  const isList = isListType(getNullableType(field.type));
  const page = field.args.some(({ name }) => name === 'first') && !isList ? '(first: 3)' : '';
  return [`${field.name}${page} { ${everything(type, isEntity ? left - 1 : left)} }`];
}

/** What a subscription needs that staff follow. */
const whose: Readonly<Record<string, string>> = { waitingChanged: '(userId: "waiter-1")' };

function operation(kind: 'mutation' | 'subscription', name: string): string {
  const root = kind === 'mutation' ? schema.getMutationType() : schema.getSubscriptionType();
  const field = root?.getFields()[name];
  const type = field && getNamedType(field.type);
  if (!field || !isObjectType(type)) throw new Error(`The schema has no ${kind} ${name}.`);
  const takes = kind === 'mutation' ? `($input: ${String(field.args[0]?.type)})` : '';
  const given = kind === 'mutation' ? '(input: $input)' : (whose[name] ?? '');
  const left = entities.includes(type.name) ? hops - 1 : hops;
  return `${kind} Everything${takes} { told: ${name}${given} { ${everything(type, left)} } }`;
}

type Node = Record<string, unknown> & { __typename: string };

/** Every object in an answer, with the path to it. */
function nodesIn(value: unknown, path = 'told'): { node: Node; path: string }[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => nodesIn(each, `${path}.${index}`));
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([name, each]) => nodesIn(each, `${path}.${name}`));
  return '__typename' in value ? [{ node: value as Node, path }, ...inner] : inner;
}

/** The expected state after a step. */
interface Truth {
  bikeId: number;
  userId: string;
  condition: string;
  points: number;
  /** How many purchases the rider has made. */
  approvals: number;
  reservation: { reserveNo: number; status: string } | null;
  station: { stationId: string; state: string; racks: number } | null;
  /** The station where the bike stands. */
  place: string | null;
}

const live = ['PENDING', 'RESERVED', 'IN_USE'];

/** Where an answer is older than the expected state, or contradicts itself. */
function older(answer: unknown, truth: Truth): string[] {
  const { reservation } = truth;
  const holding = reservation !== null && live.includes(reservation.status);
  const current = holding ? reservation.reserveNo : null;
  const expected: Record<string, (node: Node) => Record<string, unknown>> = {
    Bike: ({ bikeId }) =>
      bikeId === truth.bikeId
        ? {
            condition: truth.condition,
            isAvailable: truth.condition === 'IN_SERVICE' && !holding,
            currentReservation: current,
            station: truth.place,
          }
        : {},
    Station: ({ stationId }) =>
      stationId === truth.station?.stationId ? { state: truth.station?.state, racks: truth.station?.racks } : {},
    User: ({ userId }) =>
      userId === truth.userId
        ? {
            totalPoint: truth.points,
            currentReservation: current,
            pointEntries: truth.points,
            approvals: truth.approvals,
          }
        : {},
    Reservation: ({ reserveNo }) =>
      reserveNo === reservation?.reserveNo ? { reserveStatus: reservation?.status } : {},
    DashboardReservation: ({ reserveNo }) =>
      reserveNo === reservation?.reserveNo ? { reserveStatus: reservation?.status } : {},
  };
  return nodesIn(answer).flatMap(({ node, path }) =>
    Object.entries(expected[node.__typename]?.(node) ?? {}).flatMap(([field, value]) => {
      if (!(field in node)) return [];
      const seen = valueOf(field, node[field]);
      return seen === value ? [] : [`${path}.${field} is ${String(seen)}, not ${String(value)}`];
    }),
  );
}

function valueOf(field: string, found: unknown): unknown {
  const linked = found as {
    reserveNo?: number;
    totalCount?: number;
    stationId?: string;
    nodes?: { balanceAfter: number }[];
  } | null;
  if (field === 'currentReservation') return linked?.reserveNo ?? null;
  if (field === 'station') return linked?.stationId ?? null;
  if (field === 'approvals') return linked?.totalCount;
  if (field === 'pointEntries') return linked?.nodes?.[0]?.balanceAfter ?? 0;
  return found;
}

/** Mutations whose answers contain no other service's data. */
const operators = ['redriveParkedEvent', 'discardParkedEvent', 'rebuildDashboard'];

describe.each(['one', 'many'] as const)('in %s process, nothing nested is older than what is told', (mode) => {
  let system: TestSystem;
  let proxies: FaultProxy[];
  let operator: Client;
  let token: string;
  // Each has some twenty steps, every one with hundreds of fields fetched while all is slow at random.
  const rounds = 2;
  const problems: string[] = [];
  const covered = new Set<string>();
  /** Events of the subscriptions that were not checked yet. */
  const events: { of: string; told: Record<string, unknown> }[] = [];

  beforeAll(async () => {
    const mongodb = new URL(process.env['TEST_MONGODB_URI'] ?? '');
    const nats = new URL(process.env['TEST_NATS_URL'] ?? '');
    const slow = async (port: string, seed: number) => {
      const proxy = await createFaultProxy([Number(port)], createDice(seed));
      return proxy;
    };
    const names = ['BIKE', 'APPROVAL', 'RESERVATION', 'POINT', 'DASHBOARD', 'STATION'];
    const databases = await Promise.all(names.map((_, index) => slow(mongodb.port, index)));
    const broker = await slow(nats.port, 99);
    proxies = [...databases, broker];
    const through = (url: URL, { port }: FaultProxy) => Object.assign(new URL(url), { port: String(port) }).href;
    system = await startSystem({
      mode,
      env: {
        ...Object.fromEntries(
          names.map((name, index) => [`${name}_MONGODB_URI`, through(mongodb, databases[index] as FaultProxy)]),
        ),
        NATS_URL: through(nats, broker),
        // Everything at once is more than any client selects.
        MAX_QUERY_SELECTIONS: '20000',
        MAX_QUERY_COST: '10000000',
        MAX_QUERY_TOKENS: '100000',
        MAX_QUERY_BYTES: '1000000',
      },
    });
    token = await system.token('freshness', ['operator', 'admin']);
    operator = await system.client('freshness', 'operator', 'admin');
    for (const name of Object.keys(schema.getSubscriptionType()?.getFields() ?? {})) void follow(name);
    for (const proxy of proxies) proxy.set({ kind: 'latency', ms: 6, jitterMs: 6 });
  }, 240_000);
  afterAll(async () => {
    for (const proxy of proxies) proxy.heal();
    await system.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });

  async function follow(name: string): Promise<void> {
    const document = parse(operation('subscription', name)) as Parameters<Client['subscribe']>[0];
    try {
      for await (const { told } of operator.subscribe(document, {}) as AsyncIterable<{
        told: Record<string, unknown>;
      }>) {
        events.push({ of: name, told });
      }
    } catch (error) {
      const { code } = error as { code?: string };
      // So much at once can come too late on a busy machine, and is to be asked for again.
      if (code === 'SERVICE_UNAVAILABLE') return follow(name);
      if (code !== 'CONNECTION_LOST') problems.push(`${name} ended: ${String(error)}`);
    }
  }

  async function say(mutation: string, input: object): Promise<Record<string, unknown>> {
    covered.add(mutation);
    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: operation('mutation', mutation), variables: { input } }),
    });
    const answer = (await response.json()) as {
      data?: { told: Record<string, unknown> };
      errors?: { message: string }[];
      extensions?: unknown;
    };
    // Nothing was begun.
    if (answer.errors?.[0]?.message.startsWith('The router could not plan')) return say(mutation, input);
    expect(answer.errors).toBeUndefined();
    expect(answer.extensions).toBeUndefined();
    return answer.data?.told ?? {};
  }

  /** The events that reported the reservation in this status. */
  async function eventsOf(truth: Truth): Promise<void> {
    const { reserveNo, status } = truth.reservation ?? { reserveNo: 0, status: '' };
    const tells = ({ of, told }: (typeof events)[number]) => {
      const row = (of === 'dashboardUpdated' ? told['reservation'] : told) as Record<string, unknown> | null;
      return row?.['reserveNo'] === reserveNo && row['reserveStatus'] === status;
    };
    await until(`${reserveNo} is told to be ${status} by both`, () =>
      ['dashboardUpdated', 'reservationChanged'].every((name) => events.some((one) => one.of === name && tells(one))),
    );
    for (const { of, told } of events.splice(0).filter(tells)) {
      problems.push(...older(told, truth).map((problem) => `${of} ${status}: ${problem}`));
    }
  }

  async function round(number: number): Promise<void> {
    const truth: Truth = {
      bikeId: 0,
      userId: `rider-${number}`,
      condition: 'IN_SERVICE',
      points: 0,
      approvals: 0,
      reservation: null,
      station: null,
      place: null,
    };
    const { userId } = truth;
    const step = async (
      mutation: string,
      input: object,
      becomes: (told: Record<string, unknown>) => Partial<Truth>,
    ) => {
      const told = await say(mutation, input);
      Object.assign(truth, becomes(told));
      problems.push(...older(told, truth).map((problem) => `${mutation}: ${problem}`));
      const changed = becomes(told).reservation;
      if (changed) await eventsOf(truth);
    };
    const becomes = (status: string, points: number) => (told: Record<string, unknown>) => {
      const { reserveNo } = (told['reservation'] ?? truth.reservation) as { reserveNo: number };
      return { points, reservation: { reserveNo, status } };
    };

    const stationId = `ST-${number}`;
    const said = { nameKo: '역', district: 'MAPO', position: { latitude: 37.55, longitude: 126.91 }, racks: 10 };
    const stands = (state: string, racks: number) => () => ({ station: { stationId, state, racks } });
    await step('openStation', { number, ...said }, stands('OPEN', 10));
    await step('changeStation', { stationId, racks: 11 }, stands('OPEN', 11));
    await step('changeStations', { changes: [{ stationId, racks: 12 }] }, stands('OPEN', 12));
    const registered = ({ bike }: Record<string, unknown>) => ({ bikeId: (bike as { bikeId: number }).bikeId });
    await step('registerBike', { color: 'green' }, registered);
    await step('buyPoints', { userId, price: 6_000 }, () => ({ points: 6_000, approvals: 1 }));
    const { bikeId } = truth;
    await step('reserveBike', { bikeId, userId }, becomes('RESERVED', 5_000));
    const first = truth.reservation?.reserveNo;
    await step('startRide', { reserveNo: first }, becomes('IN_USE', 5_000));
    await step('reportFault', { bikeId, kind: 'LIGHT' }, () => ({}));
    await step('closeFaults', { bikeId }, () => ({}));
    const returnedAt = new Date().toISOString();
    await step('reportReturn', { reserveNo: first, returnedAt }, () => ({}));
    await step('rejectReturn', { reserveNo: first, reason: 'It rides.' }, () => ({}));
    await step('reportReturn', { reserveNo: first, returnedAt }, () => ({}));
    await step('settleReturn', { reserveNo: first }, becomes('RETURNED', 5_000));
    await step('reserveBike', { bikeId, userId }, becomes('RESERVED', 4_000));
    await step('waitForBike', { bikeId, userId: `waiter-${number}` }, () => ({}));
    await step('stopWaiting', { userId: `waiter-${number}` }, () => ({}));
    const ride = truth.reservation?.reserveNo;
    await step('startRide', { reserveNo: ride }, becomes('IN_USE', 4_000));
    await step('returnBike', { reserveNo: ride }, becomes('RETURNED', 4_000));
    await step('reserveBike', { bikeId, userId }, becomes('RESERVED', 3_000));
    await step('cancelReservation', { reserveNo: truth.reservation?.reserveNo }, becomes('CANCELLED', 4_000));
    await step('moveBikes', { moves: [{ bikeId, stationId }] }, () => ({ place: stationId }));
    await step('closeStation', { stationId }, stands('CLOSED', 12));
    await step('openStations', { stations: [{ number, ...said }] }, stands('OPEN', 10));
    await step('reserveBike', { bikeId, userId }, becomes('RESERVED', 3_000));
    const withdrawn = becomes('CANCELLED', 4_000);
    await step('changeBikeCondition', { bikeId, condition: 'MAINTENANCE' }, (told) => ({
      ...withdrawn(told),
      condition: 'MAINTENANCE',
    }));
    await step('changeBikeConditions', { changes: [{ bikeId, condition: 'IN_SERVICE' }] }, () => ({
      condition: 'IN_SERVICE',
    }));
    await step('reserveBike', { bikeId, userId }, becomes('RESERVED', 3_000));
    await step('changeBikeConditions', { changes: [{ bikeId, condition: 'LOST' }] }, (told) => ({
      ...withdrawn(told),
      condition: 'LOST',
    }));
    const bulk = ({ results }: Record<string, unknown>) => registered((results as Record<string, unknown>[])[0] ?? {});
    await step('registerBikes', { bikes: [{ color: 'red' }, { color: 'blue' }] }, (told) => ({
      ...bulk(told),
      condition: 'IN_SERVICE',
      place: null,
    }));
  }

  it(`in ${rounds} rounds of everything that can be done`, async () => {
    for (let number = 1; number <= rounds; number += 1) await round(number);
    expect([...new Set(problems)]).toEqual([]);
  }, 240_000);

  it('and every mutation of the schema was tried', () => {
    const all = Object.keys(schema.getMutationType()?.getFields() ?? {});
    // A consent is no decision: nothing else tells of it.
    const consents = ['startPushes', 'stopPushes'];
    expect([...covered, ...operators, ...consents].toSorted()).toEqual(all.toSorted());
  });
});
