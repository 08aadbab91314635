import { beforeEach, describe, expect, it } from '@jest/globals';
import { parserOf, streams, type DemandEvent, type ReservationEvent } from '../../schema/events/index.ts';
import { UnavailableError, type JournalDocument, type RequestContext } from '../../platform/index.ts';
import { createCommandHandler } from '../../platform/event-core/command-handler.ts';
import type { Journal } from '../../platform/event-core/journal.ts';
import { withRefusals } from './demand.ts';
import type { Place } from './place.ts';
import { reservation, placeOf, type BikeSlot } from './reservation.ts';
import type { StationState } from './stations.ts';
import { moveBikes, reserveBike, returnBike, type Dependencies, type MoveBikesLine } from './use-cases.ts';

type Document = JournalDocument<BikeSlot, ReservationEvent | DemandEvent>;

let stored: Document[];
/** What station says; null: it does not answer. */
let states: Record<string, StationState> | null;
/** The bikes that the rows of reservation show at a station: they may be older than the decisions. */
let shownAt: number[];
let questions: number;
let looks: number;
/** How long station takes. */
let stationAnswers: () => Promise<unknown>;

const journal: Pick<Journal<BikeSlot, ReservationEvent | DemandEvent>, 'head' | 'byCause' | 'append'> = {
  head: async (stream) => stored.findLast((document) => document.stream === stream) ?? null,
  byCause: async (cause) => stored.find((document) => document.cause === cause) ?? null,
  async append(document) {
    // The first to come takes longest: only a queue keeps their order.
    for (let turns = Math.max(0, 20 - stored.length); turns > 0; turns -= 1) await Promise.resolve();
    if (stored.some(({ _id, cause }) => _id === document._id || cause === document.cause)) return false;
    stored.push(document);
    return true;
  },
};

function createDependencies(): Dependencies {
  const commands = createCommandHandler({
    service: 'reservation',
    decider: withRefusals(reservation({ fee: 1_000, holdMs: 600_000, sagaMs: 30_000 })),
    journal,
    decided: async () => undefined,
    parse: parserOf('reservation'),
    clock: () => new Date('2026-11-27T00:00:00.000Z'),
    maxConflicts: 3,
    conflictDelayMs: 1,
    headCacheSize: 100,
  });
  let reserveNo = 0;
  const slots = {
    ...commands,
    journal,
    counters: { next: async () => (reserveNo += 1) },
    waitFor: (stream: string) => commands.state(stream),
  };
  const store = {
    async availableAt() {
      looks += 1;
      return [...shownAt];
    },
    keyOf: async (number: number) => {
      const all = stored.flatMap(({ events }) => events);
      return all.find(({ type, data }) => type === 'ReservationRequested' && data.reserveNo === number)?.data;
    },
    byIds: async () => new Map(),
  };
  return {
    slots,
    store,
    bikeWaitMs: 1,
    claims: { whyNot: async () => null, begin: () => () => undefined, turnedDown: () => undefined },
    stations: {
      async statesOf() {
        questions += 1;
        await stationAnswers();
        if (!states) throw new UnavailableError('station');
        const known = states;
        return (stationId: string) => known[stationId] ?? 'unknown';
      },
    },
    random: () => 0,
    countRefusal: () => undefined,
    expectPointsFreed: () => ({ arrived: async () => true, stop: () => undefined }),
  } as unknown as Dependencies;
}

const context = (userId: string, role: string) =>
  ({
    viewer: { userId, roles: [role] },
    correlationId: 'c',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    saw: () => undefined,
  }) as unknown as RequestContext;
const operator = context('boss', 'operator');
const rider = context('10', 'rider');

let dependencies: Dependencies;
beforeEach(async () => {
  stored = [];
  states = { 'ST-1': 'OPEN', 'ST-2': 'OPEN' };
  shownAt = [];
  questions = 0;
  looks = 0;
  stationAnswers = async () => undefined;
  dependencies = createDependencies();
  for (const bikeId of [1, 2]) {
    const cause = `opened:${bikeId}`;
    const origin = { cause, correlationId: 'c', causationId: 'c' };
    await dependencies.slots.handle(
      streams.bike(bikeId),
      { type: 'OpenSlot', bikeId, condition: 'IN_SERVICE' },
      origin,
    );
  }
});

const move = async (...moves: MoveBikesLine[]) =>
  (await moveBikes(dependencies, moves, operator)).map(({ refusal }) => refusal?.code ?? 'moved');
const reserve = async (stationId: string, idempotencyKey: string | null = null) => {
  const { reservation: made, refusal } = await reserveBike(dependencies, { stationId, idempotencyKey }, rider);
  return refusal?.code ?? made?.bikeId;
};
const placeNow = async (bikeId: number): Promise<Place> =>
  placeOf(await dependencies.slots.state(streams.bike(bikeId)));

describe('the same key with the same body gives the first answer again', () => {
  it.each([{ 'ST-1': 'CLOSED' }, {}] as const)('of a move, whatever became of the station: %j', async (now) => {
    const line = { bikeId: 1, stationId: 'ST-1', idempotencyKey: 'k' };
    expect(await move(line)).toEqual(['moved']);
    states = now;
    const before = stored.length;
    expect(await move(line)).toEqual(['moved']);
    expect(await move({ ...line, bikeId: 2 })).toEqual(['IDEMPOTENCY_KEY_REUSED']);
    expect(await move({ ...line, idempotencyKey: 'other' })).toEqual([
      'ST-1' in now ? 'STATION_CLOSED' : 'STATION_NOT_FOUND',
    ]);
    expect(stored).toHaveLength(before);
  });

  it('of a return, whatever became of the station', async () => {
    await move({ bikeId: 1, stationId: 'ST-1' });
    shownAt = [1];
    await reserve('ST-1');
    const cause = { cause: 'paid', correlationId: 'c', causationId: 'c' };
    await dependencies.slots.handle(streams.bike(1), { type: 'ConfirmReservation', reserveNo: 1 }, cause);
    const back = async (idempotencyKey: string) => {
      const input = { reserveNo: 1, stationId: 'ST-2', idempotencyKey };
      const { reservation: ended, refusal } = await returnBike(dependencies, input, rider);
      return refusal?.code ?? ended?.reserveStatus;
    };
    expect(await back('k')).toBe('RETURNED');
    states = {};
    expect(await back('k')).toBe('RETURNED');
    expect(await back('other')).toBe('STATION_NOT_FOUND');
    expect(await placeNow(1)).toEqual({ stationId: 'ST-2' });
  });
});

it('lines of one bike are decided in their order', async () => {
  const stationIds = Array.from({ length: 200 }, (_, index) => `ST-${index + 1}`);
  states = Object.fromEntries(stationIds.map((stationId) => [stationId, 'OPEN' as const]));
  await move(...stationIds.flatMap((stationId) => [1, 2].map((bikeId) => ({ bikeId, stationId }))));
  const told = (bikeId: number) =>
    stored.flatMap(({ stream, state }) => (stream === streams.bike(bikeId) ? (placeOf(state).stationId ?? []) : []));
  expect(told(1)).toEqual(stationIds);
  expect(told(2)).toEqual(stationIds);
});

describe('a bike at a station', () => {
  beforeEach(async () => {
    await move({ bikeId: 1, stationId: 'ST-1' }, { bikeId: 2, stationId: 'ST-1' });
    shownAt = [1, 2];
    questions = 0;
  });

  it('is another one when one was moved meanwhile, and none when all were', async () => {
    await move({ bikeId: 1, stationId: 'ST-2' });
    expect(await reserve('ST-1', 'k')).toBe(2);
    expect(await reserve('ST-1')).toBe('NO_BIKE_AT_STATION');
    expect(await placeNow(1)).toEqual({ stationId: 'ST-2' });
  });

  it('stays the one that a key got, wherever it stands by now', async () => {
    expect(await reserve('ST-1', 'k')).toBe(1);
    await move({ bikeId: 1, stationId: 'ST-2' });
    states = { 'ST-1': 'CLOSED' };
    expect(await reserve('ST-1', 'k')).toBe(1);
  });

  it('is not had by station where it is closed, but by its number; a station that is away is no closed one', async () => {
    states = { 'ST-1': 'CLOSED' };
    expect(await reserve('ST-1')).toBe('STATION_CLOSED');
    const { refusal } = await reserveBike(dependencies, { bikeId: 1 }, rider);
    expect(refusal).toBeNull();
    states = null;
    expect(await reserve('ST-1')).toBe(2);
  });

  it('is looked for while station is asked', async () => {
    const { promise, resolve } = Promise.withResolvers<null>();
    stationAnswers = () => promise;
    const reserved = reserve('ST-1');
    for (let turns = 0; turns < 20 && looks === 0; turns += 1) await Promise.resolve();
    expect([questions, looks, stored.at(-1)?.events[0]?.type]).toEqual([1, 1, 'BikeMoved']);
    resolve(null);
    expect(await reserved).toBe(1);
    expect(looks).toBe(1);
  });

  it('is not looked for where no station can be', async () => {
    for (const stationId of ['nonsense', '', 'ST-0', `ST-${'1'.repeat(500_000)}`]) {
      expect(await reserve(stationId)).toBe('STATION_NOT_FOUND');
    }
    expect([questions, looks]).toEqual([0, 0]);
  });
});
