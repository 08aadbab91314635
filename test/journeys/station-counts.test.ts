import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
} from '../../schema/client/generated/graphql.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { createFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const stationIds = ['ST-1', 'ST-2', 'ST-3', 'ST-4'];
type Lines = Record<string, StationCountFieldsFragment>;
const linesOf = (stations: readonly StationCountFieldsFragment[]): Lines =>
  Object.fromEntries(stations.map((station) => [station.stationId, station]));

describe('the counts of stations', () => {
  let system: TestSystem;
  let admin: Client;
  let visitor: Client;
  let proxy: FaultProxy;
  let person: Rider;
  let bikeIds: number[];

  beforeAll(async () => {
    system = await startSystem({ mode: 'two' });
    proxy = await createFaultProxy([Number(new URL(system.routerUrl).port)], createDice(1));
    admin = await system.client('admin', 'admin', 'operator');
    visitor = createClient({ url: `http://127.0.0.1:${proxy.port}/graphql` });
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
    visitor.close();
    await system.close();
    await proxy.close();
  }, 60_000);

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
    const { stations } = await admin.request(StationPlacesDocument, {});
    return linesOf(
      stations.nodes.map(({ stationId, state, racks, bikesParked = 0, bikesAvailable = 0, freeRacks = 0 }) => ({
        ...{ stationId, state, racks, bikesParked, bikesAvailable, freeRacks },
      })),
    );
  }

  async function ride(from: number, stationId: string): Promise<void> {
    const { reserveNo, status } = await person.reserves(bikeIds[from] ?? 0);
    expect(status).toBe('RESERVED');
    expect(await person.starts(reserveNo)).toBe('IN_USE');
    const { returnBike } = await person.client.request(ReturnBikeDocument, { input: { reserveNo, stationId } });
    expect(returnBike.refusal).toBeNull();
  }

  it('are followed by anybody through cuts, restarts and a rebuild, and end as they are', async () => {
    const { stationCounts } = await visitor.request(StationCountsDocument, {});
    let known = linesOf(stationCounts.stations);
    let messages = 0;
    let ended: unknown = 'not at all';
    const watching = (async () => {
      const changes = visitor.subscribe(StationCountsChangedDocument, { after: stationCounts.cursor });
      for await (const { stationCountsChanged } of changes) {
        messages += 1;
        known = { ...known, ...linesOf(stationCountsChanged.stations) };
      }
    })().catch((error: unknown) => (ended = error));
    const watcherKnows = (what: string, does: (lines: Lines) => boolean) =>
      until(`the watcher knows that ${what}`, async () => does(known), 30_000);
    const watcherIsRight = async (what: string) => {
      const truth = await atOwner();
      await until(
        `the watcher is right ${what}`,
        async () => JSON.stringify(sorted(known)) === JSON.stringify(sorted(truth)),
        30_000,
      );
    };

    await ride(0, 'ST-3');
    await watcherKnows('a bike has come', (lines) => lines['ST-3']?.bikesParked === 1);
    await watcherIsRight('after a ride');

    proxy.reset();
    await move('ST-4', 'ST-4', 'ST-4');
    await watcherKnows('a station is full beyond its racks', (lines) => lines['ST-4']?.freeRacks === -1);
    await watcherIsRight('after a cut');

    await system.pair?.subgraphs.kill();
    await system.pair?.subgraphs.restart();
    // A bike that left a station which nothing said of since the restart.
    await move('ST-4', 'ST-1', 'ST-4');
    await watcherIsRight('after a restart of the subgraphs');
    await system.pair?.router.kill();
    await system.pair?.router.restart();
    await move('ST-4', 'ST-1', 'ST-2');
    await watcherIsRight('after a restart of the router');

    await admin.request(RebuildDashboardDocument, { input: {} });
    await until(
      'the view is rebuilt',
      async () =>
        (await admin.request(DashboardRebuildsDocument, {})).dashboardRebuilds.some(
          ({ status }) => status === 'SWITCHED',
        ),
      60_000,
    );
    await admin.request(CloseStationDocument, { input: { stationId: 'ST-1', reason: 'works' } });
    await watcherKnows('a station has closed', (lines) => lines['ST-1']?.state === 'CLOSED');
    await watcherIsRight('after a rebuild');

    const { stationCounts: now } = await visitor.request(StationCountsDocument, {});
    expect(linesOf(now.stations)).toEqual(known);
    expect(messages).toBeGreaterThan(0);
    expect(ended).toBe('not at all');
    visitor.close();
    await watching;
    await checkInvariants(system);
  }, 180_000);

  it('cannot be followed after what is no place in the feed', async () => {
    const after = 'x';
    const changes = admin.subscribe(StationCountsChangedDocument, { after });
    await expect(changes[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

const sorted = (lines: Lines) => stationIds.map((stationId) => Object.entries(lines[stationId] ?? {}).sort());
