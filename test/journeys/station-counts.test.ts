import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { print } from 'graphql';
import { createClient, GraphqlRequestError, type Client } from '../../schema/client/client.ts';
import {
  CloseStationDocument,
  DashboardRebuildsDocument,
  MoveBikesDocument,
  OpenStationsDocument,
  RebuildDashboardDocument,
  ReturnBikeDocument,
  StationCountsChangedDocument,
  StationCountsDocument,
  StationPlacesDocument,
  type StationCountFieldsFragment,
  type StationCountsChangedSubscription,
} from '../../schema/client/generated/graphql.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { createFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import { followEvents } from '../support/event-source.ts';
import { checkInvariants } from '../support/invariants.ts';
import { answered, registerBikes, rider, type Rider } from '../support/people.ts';
import { stationCountsOf } from '../support/retold.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';
import { eventsOf, publishers } from '../support/violations.ts';

const stationIds = ['ST-1', 'ST-2', 'ST-3', 'ST-4'];
type Lines = Record<string, StationCountFieldsFragment>;
const linesOf = (stations: readonly StationCountFieldsFragment[]): Lines =>
  Object.fromEntries(stations.map((station) => [station.stationId, station]));

/** Somebody who asked once, and follows what changes since. */
interface Watcher {
  name: string;
  lines: Lines;
  messages: number;
  /** Why, if it has. */
  ended: unknown;
}

describe('the counts of stations', () => {
  let system: TestSystem;
  let admin: Client;
  let proxy: FaultProxy;
  let person: Rider;
  let bikeIds: number[];
  const watchers: Watcher[] = [];
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    system = await startSystem({ mode: 'two', env: { RECONCILE_EVERY_MS: '1000' } });
    proxy = await createFaultProxy([Number(new URL(system.routerUrl).port)], createDice(1));
    admin = await system.client('admin', 'admin', 'operator');
    const stations = stationIds.map((_, index) => ({
      number: index + 1,
      nameKo: `대여소 ${index + 1}`,
      district: 'MAPO' as const,
      position: { latitude: 37.5556488, longitude: 126.91062927 },
      racks: 2,
    }));
    await admin.request(OpenStationsDocument, { input: { stations } });
    bikeIds = await registerBikes(system, 3);
    await move(...['ST-1', 'ST-1', 'ST-2']);
    person = await rider(system, 'rider');
    await person.buys(50_000);
  }, 240_000);
  afterAll(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await system.close();
    await proxy.close();
  });

  /** Each bike to a station. */
  async function move(...to: string[]): Promise<void> {
    // A bike is moved once reservation has heard of it, and while services start again nobody answers.
    await until('every bike stands where it should', async () => {
      const moves = to.map((stationId, index) => ({ bikeId: bikeIds[index] ?? 0, stationId }));
      try {
        const { moveBikes } = await admin.request(MoveBikesDocument, { input: { moves } });
        return moveBikes.results.every(({ refusal }) => refusal === null);
      } catch (error) {
        if (error instanceof GraphqlRequestError && error.code !== 'BAD_USER_INPUT') return false;
        throw error;
      }
    });
  }

  /** What reservation says, which the dashboard's counts follow. */
  async function atOwner(): Promise<Lines> {
    const { stations } = await answered(() => admin.request(StationPlacesDocument, {}));
    return linesOf(
      stations.nodes.map(({ stationId, state, racks, bikesParked = 0, bikesAvailable = 0, freeRacks = 0 }) => ({
        ...{ stationId, state, racks, bikesParked, bikesAvailable, freeRacks },
      })),
    );
  }

  async function ride(from: number, stationId: string): Promise<void> {
    const { reserveNo, status } = await person.reserves(bikeIds[from] ?? 0);
    expect(['RESERVED', 'PENDING']).toContain(status);
    // It is confirmed once the broker has its events.
    await until('the ride has begun', async () => (await person.starts(reserveNo)) === 'IN_USE');
    const input = { reserveNo, stationId, idempotencyKey: randomUUID() };
    const { returnBike } = await answered(() => person.client.request(ReturnBikeDocument, { input }));
    expect(returnBike.refusal).toBeNull();
  }

  /** Nobody who is signed in, on a link that is cut. */
  async function watch(name: string, by: 'socket' | 'events'): Promise<void> {
    const origin = `http://127.0.0.1:${proxy.port}`;
    const client = createClient({ url: `${origin}/graphql` });
    const { stationCounts } = await answered(() => client.request(StationCountsDocument, {}));
    const watcher: Watcher = { name, lines: linesOf(stationCounts.stations), messages: 0, ended: 'not at all' };
    watchers.push(watcher);
    const take = ({ stationCountsChanged }: StationCountsChangedSubscription) => {
      watcher.messages += 1;
      watcher.lines = { ...watcher.lines, ...linesOf(stationCountsChanged.stations) };
    };
    const after = stationCounts.cursor;
    if (by === 'events') {
      const query = print(StationCountsChangedDocument);
      const ended = (why: string) => (watcher.ended = why);
      const { stop } = followEvents<StationCountsChangedSubscription>({ origin, query, after, next: take, ended });
      stops.push(stop);
      return client.close();
    }
    const done = (async () => {
      for await (const told of client.subscribe(StationCountsChangedDocument, { after })) take(told);
    })().catch((error: unknown) => (watcher.ended = error));
    stops.push(() => {
      client.close();
      return done;
    });
  }

  const everybodyKnows = (what: string, does: (lines: Lines) => boolean) =>
    until(`everybody knows that ${what}`, () => watchers.every(({ lines }) => does(lines)));

  async function everybodyIsRight(what: string): Promise<void> {
    const truth = JSON.stringify(sorted(await atOwner()));
    await until(`everybody is right ${what}`, () =>
      watchers.every(({ lines }) => JSON.stringify(sorted(lines)) === truth),
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${truth}\n${JSON.stringify(watchers, null, 1)}`);
    });
  }

  /** Nobody who watches is connected until the dashboard has told what happens meanwhile. */
  async function whileCut(happen: () => Promise<void>): Promise<void> {
    proxy.set({ kind: 'refuse' });
    await happen();
    const truth = JSON.stringify(sorted(await atOwner()));
    await until('the dashboard has it', async () => {
      const { stationCounts } = await answered(() => admin.request(StationCountsDocument, {}));
      return JSON.stringify(sorted(linesOf(stationCounts.stations))) === truth;
    });
    proxy.heal();
  }

  /** All that the broker has, and who has read how far. */
  async function loseTheStore(): Promise<void> {
    const connection = await connect({ servers: system.env['NATS_URL'] ?? '' });
    try {
      await (await jetstreamManager(connection)).streams.delete(system.name);
    } finally {
      await connection.close();
    }
  }

  it('are followed by anybody through cuts, restarts, a lost store and a rebuild, and end as they are', async () => {
    await watch('a page', 'socket');
    await watch('an EventSource', 'events');
    await ride(0, 'ST-3');
    await everybodyKnows('a bike has come', (lines) => lines['ST-3']?.bikesParked === 1);
    await everybodyIsRight('after a ride');

    await whileCut(() => move('ST-4', 'ST-4', 'ST-4'));
    await everybodyKnows('a station is full beyond its racks', (lines) => lines['ST-4']?.freeRacks === -1);
    await everybodyIsRight('after a cut');

    await system.pair?.subgraphs.kill();
    await system.pair?.subgraphs.restart();
    // A bike that left a station which nothing said of since the restart.
    await move('ST-4', 'ST-1', 'ST-4');
    await everybodyIsRight('after a restart of the subgraphs');
    await system.pair?.router.kill();
    await system.pair?.router.restart();
    await move('ST-4', 'ST-1', 'ST-2');
    await everybodyIsRight('after a restart of the router');

    await loseTheStore();
    await whileCut(() => move('ST-1', 'ST-2', 'ST-2'));
    await watch('a page that is opened late', 'socket');
    await ride(0, 'ST-4');
    await everybodyIsRight('after the broker lost its store');

    await answered(() => admin.request(RebuildDashboardDocument, { input: {} }));
    await until(
      'the view is rebuilt',
      async () =>
        (await answered(() => admin.request(DashboardRebuildsDocument, {}))).dashboardRebuilds.some(
          ({ status }) => status === 'SWITCHED',
        ),
      60_000,
    );
    const input = { stationId: 'ST-1', reason: 'works', idempotencyKey: randomUUID() };
    await answered(() => admin.request(CloseStationDocument, { input }));
    await everybodyKnows('a station has closed', (lines) => lines['ST-1']?.state === 'CLOSED');
    await everybodyIsRight('after a rebuild');

    const { journals } = await checkInvariants(system);
    const told = stationCountsOf(publishers.flatMap((publisher) => eventsOf(journals[publisher])));
    const truth = Object.fromEntries(told.map((station) => [station.stationId, station]));
    for (const { name, lines, messages, ended } of watchers) {
      expect([name, lines, ended]).toEqual([name, truth, 'not at all']);
      expect(messages).toBeGreaterThan(0);
    }
  }, 300_000);

  it('cannot be followed after what is no place in the feed', async () => {
    const after = 'x';
    const changes = admin.subscribe(StationCountsChangedDocument, { after });
    await expect(changes[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

const sorted = (lines: Lines) => stationIds.map((stationId) => Object.entries(lines[stationId] ?? {}).sort());
