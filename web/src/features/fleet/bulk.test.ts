import { describe, expect, it } from '@jest/globals';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import {
  type BulkOutcome,
  type Change,
  type Destination,
  type FleetBike,
  isSent,
  linesOf,
  lookAt,
  outcomeBefore,
  runBulk,
} from './bulk.ts';

const bikeNumbered = (bikeId: number, said: Partial<FleetBike> = {}): FleetBike => ({
  ...{ __typename: 'DashboardBike', bikeId, condition: 'IN_SERVICE', use: 'FREE' },
  ...{ reserveNo: null, userId: null, since: null, station: null, position: null },
  ...said,
});
const at = (number: number) => ({
  __typename: 'DashboardStationPlace' as const,
  ...{ stationId: `ST-${number}`, number, nameKo: '', nameEn: null },
});
const toLost: Change = { kind: 'condition', condition: 'LOST', reason: 'gone' };
const moveTo = (to: (bikeId: number) => Destination): Change => ({ kind: 'move', to, reason: 'full' });
const toStation = moveTo(() => ({ stationId: 'ST-1', state: 'OPEN' }));

/** A client that answers each question so, and keeps what it was asked. */
function clientThat(answer: (variables: never, place: number) => unknown) {
  const asked: unknown[] = [];
  const request = (_document: unknown, variables: unknown) => {
    asked.push(variables);
    return Promise.resolve().then(() => answer(variables as never, asked.length));
  };
  return { client: { request } as unknown as Client, asked };
}

async function outcomesOf(run: Omit<Parameters<typeof runBulk>[0], 'onOutcomes' | 'signal' | 'key'>) {
  const outcomes = new Map<number, BulkOutcome>();
  await runBulk({
    ...run,
    key: 'k',
    signal: new AbortController().signal,
    onOutcomes: (news) => news.forEach(([bikeId, outcome]) => outcomes.set(bikeId, outcome)),
  });
  return outcomes;
}

describe('a change of many bikes', () => {
  it('is foretold for each', () => {
    const bikes = [
      bikeNumbered(1),
      bikeNumbered(2, { condition: 'LOST' }),
      bikeNumbered(3, { use: 'RESERVED' }),
      bikeNumbered(4, { use: 'IN_USE' }),
      bikeNumbered(5, { station: at(1) }),
    ];
    const forecasts = (change: Change) => linesOf(change, [1, 2, 3, 4, 5, 6], bikes).map(({ forecast }) => forecast);
    expect(forecasts(toLost)).toEqual(['changes', 'same', 'endsReservation', 'changes', 'changes', 'notThere']);
    expect(forecasts(toStation)).toEqual(['changes', 'changes', 'changes', 'onRide', 'same', 'notThere']);
    expect(linesOf(toStation, [4, 5, 6], bikes).map(outcomeBefore)).toEqual([
      { status: 'refused', code: 'BIKE_ON_RIDE' },
      { status: 'same' },
      { status: 'refused', code: 'BIKE_NOT_FOUND' },
    ]);
    expect(
      linesOf(toLost, [1, 2, 3, 6], bikes)
        .filter(isSent)
        .map(({ bikeId }) => bikeId),
    ).toEqual([1, 3]);
  });

  it('brings each bike to a station of its own, unless that is closed or not there', async () => {
    const states = ['OPEN', 'CLOSED', null] as const;
    const apart = moveTo((bikeId) => ({ stationId: `ST-${bikeId}`, state: states[bikeId - 1] ?? null }));
    const bikeIds = [1, 2, 3];
    const lines = linesOf(
      apart,
      bikeIds,
      bikeIds.map((bikeId) => bikeNumbered(bikeId, { station: at(9) })),
    );
    expect(lines.map(({ forecast }) => forecast)).toEqual(['changes', 'stationClosed', 'noStation']);
    expect(lines.map(outcomeBefore)).toEqual([
      null,
      { status: 'refused', code: 'STATION_CLOSED' },
      { status: 'refused', code: 'STATION_NOT_FOUND' },
    ]);
    const { client, asked } = clientThat(() => ({ moveBikes: { results: [{}, {}] } }));
    await outcomesOf({ client, change: apart, lines: lines.slice(0, 2) });
    const [{ input } = { input: { moves: [] } }] = asked as { input: { moves: object[] } }[];
    expect(input.moves).toMatchObject([
      { bikeId: 1, stationId: 'ST-1', fromStationId: 'ST-9' },
      { bikeId: 2, stationId: 'ST-2', fromStationId: 'ST-9' },
    ]);
  });

  it('is sent in calls of some, each line with a key of its own, and overwrites nobody', async () => {
    const bikes = Array.from({ length: 250 }, (_, index) => bikeNumbered(index + 1));
    const { client, asked } = clientThat(({ input }: { input: { changes: { bikeId: number }[] } }) => ({
      changeBikeConditions: {
        results: input.changes.map(({ bikeId }) => ({ refusal: bikeId === 7 ? { code: 'BIKE_CHANGED' } : null })),
      },
    }));
    const lines = linesOf(
      toLost,
      bikes.map(({ bikeId }) => bikeId),
      bikes,
    );
    const outcomes = await outcomesOf({ client, change: toLost, lines });
    const calls = asked as { input: { changes: Record<string, unknown>[] } }[];
    expect(calls.map(({ input }) => input.changes.length)).toEqual([100, 100, 50]);
    expect(calls[0]?.input.changes[0]).toEqual({
      ...{ bikeId: 1, condition: 'LOST', from: 'IN_SERVICE', reason: 'gone', idempotencyKey: 'k:1' },
    });
    const keys = calls.flatMap(({ input }) => input.changes.map(({ idempotencyKey }) => idempotencyKey));
    expect(new Set(keys).size).toBe(250);
    expect(outcomes.get(7)).toEqual({ status: 'refused', code: 'BIKE_CHANGED' });
    expect([...outcomes.values()].filter(({ status }) => status === 'changed')).toHaveLength(249);
  });

  it('is known line by line, though a call fails', async () => {
    const bikes = Array.from({ length: 150 }, (_, index) => bikeNumbered(index + 1));
    const { client } = clientThat((_variables, place) => {
      if (place === 1) throw new GraphqlRequestError('CONNECTION_LOST', 'away');
      return { moveBikes: { results: Array.from({ length: 50 }, () => ({ refusal: null })) } };
    });
    const lines = linesOf(
      toStation,
      bikes.map(({ bikeId }) => bikeId),
      bikes,
    );
    const outcomes = await outcomesOf({ client, change: toStation, lines });
    expect(outcomes.get(1)).toEqual({ status: 'failed', code: 'CONNECTION_LOST' });
    expect(outcomes.get(101)).toEqual({ status: 'changed' });
  });

  it('is taken back to where each was, only where it is as the change left it', async () => {
    const position = { __typename: 'Position' as const, latitude: 37.5, longitude: 127 };
    const bikes = [bikeNumbered(1, { station: at(2) }), bikeNumbered(2, { position }), bikeNumbered(3)];
    const { client, asked } = clientThat(() => ({ moveBikes: { results: [{}, {}, {}] } }));
    await outcomesOf({ client, change: toStation, lines: linesOf(toStation, [1, 2, 3], bikes), isUndo: true });
    const [{ input } = { input: { moves: [] } }] = asked as { input: { moves: object[] } }[];
    const back = { fromStationId: 'ST-1', reason: 'full' };
    expect(input.moves).toEqual([
      { bikeId: 1, stationId: 'ST-2', ...back, idempotencyKey: 'k:1' },
      { bikeId: 2, position: { latitude: 37.5, longitude: 127 }, ...back, idempotencyKey: 'k:2' },
      { bikeId: 3, ...back, idempotencyKey: 'k:3' },
    ]);
    const conditions = clientThat(() => ({ changeBikeConditions: { results: [{}] } }));
    const broken = [bikeNumbered(4, { condition: 'MAINTENANCE' })];
    await outcomesOf({ client: conditions.client, change: toLost, lines: linesOf(toLost, [4], broken), isUndo: true });
    expect(conditions.asked).toMatchObject([{ input: { changes: [{ condition: 'MAINTENANCE', from: 'LOST' }] } }]);
  });

  it('ends after a call when somebody stops it', async () => {
    const stop = new AbortController();
    const { client, asked } = clientThat(() => {
      stop.abort();
      return { changeBikeConditions: { results: [] } };
    });
    const bikeIds = Array.from({ length: 300 }, (_, index) => index + 1);
    const lines = linesOf(
      toLost,
      bikeIds,
      bikeIds.map((bikeId) => bikeNumbered(bikeId)),
    );
    await runBulk({ client, change: toLost, lines, key: 'k', signal: stop.signal, onOutcomes: () => undefined });
    expect(asked).toHaveLength(1);
  });
});

describe('the bikes that are picked', () => {
  it('are looked at some hundred at once; all that match, page by page, up to a bound', async () => {
    const bikeIds = Array.from({ length: 450 }, (_, index) => index + 1);
    const picked = clientThat(() => ({ dashboard: { bikes: { nodes: [bikeNumbered(1)] } } }));
    const looked: number[] = [];
    await lookAt(picked.client, { bikeIds }, new AbortController().signal, (count) => looked.push(count));
    expect(picked.asked).toHaveLength(3);
    expect(looked).toEqual([200, 400, 450]);
    const endless = clientThat(() => ({
      dashboard: {
        bikes: {
          nodes: Array.from({ length: 200 }, (_, index) => bikeNumbered(index + 1)),
          pageInfo: { hasNextPage: true, endCursor: 'more' },
        },
      },
    }));
    expect(await lookAt(endless.client, { filter: {} }, new AbortController().signal)).toHaveLength(2_000);
    expect(endless.asked).toHaveLength(10);
  });
});
