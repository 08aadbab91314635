import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ReservationEvent } from '../../schema/events/index.ts';
import { isRefusal } from '../../platform/event-core/decider.ts';
import type { JournalDocument } from '../../platform/index.ts';
import { createStage, type Stage } from '../../platform/service/testing.ts';
import { writeRows } from '../../platform/event-core/read-model.ts';
import { type BikeSlot, reservation, type ReservationCommand } from './reservation.ts';
import { createReservationStore } from './store.ts';

const rule = reservation({ fee: 1_000, holdMs: 600_000, sagaMs: 30_000 });
const at = '2026-11-26T00:00:00.000Z';
const later = '2026-11-26T01:00:00.000Z';
const reserveNo = 7;

/** Possible events of a bike, in sequence; what the rules refuse in its situation is skipped. */
const lives: { type: ReservationCommand['type']; condition?: string }[][] = [
  [{ type: 'RequestReservation' }],
  [{ type: 'RequestReservation' }, { type: 'ConfirmReservation' }],
  [{ type: 'RequestReservation' }, { type: 'RejectReservation' }],
  [{ type: 'RequestReservation' }, { type: 'CancelReservation' }],
  [{ type: 'RequestReservation' }, { type: 'ConfirmReservation' }, { type: 'ExpireReservation' }],
  [{ type: 'RequestReservation' }, { type: 'ConfirmReservation' }, { type: 'StartRide' }],
  [{ type: 'RequestReservation' }, { type: 'ConfirmReservation' }, { type: 'StartRide' }, { type: 'ReturnBike' }],
  ...['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED'].map((condition) => [{ type: 'ChangeSlot' as const, condition }]),
];
const bike = fc.array(fc.constantFrom(...lives), { maxLength: 4 }).map((parts) => parts.flat());

/** The journal documents of a bike to which these things happen. */
function documentsOf(
  bikeId: number,
  steps: readonly { type: ReservationCommand['type'] }[],
): JournalDocument<BikeSlot, ReservationEvent>[] {
  const details = { reserveNo, userId: '10', because: 'BY_RIDER', code: 'INSUFFICIENT_POINTS' };
  let state = rule.initial;
  /** Of the last event so far: a document of two events takes two versions. */
  let last = 0;
  const opening = { type: 'OpenSlot', bikeId, condition: 'IN_SERVICE' } as const;
  return [opening, ...steps].flatMap((command) => {
    const when = command.type === 'ExpireReservation' ? later : at;
    const events = rule.decide({ ...details, ...command } as unknown as ReservationCommand, state, when);
    if (isRefusal(events) || events.length === 0) return [];
    state = events.reduce((before, event) => rule.evolve(before, event as ReservationEvent), state);
    const version = last + 1;
    last += events.length;
    return [{ version, events, state } as unknown as JournalDocument<BikeSlot, ReservationEvent>];
  });
}

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

describe('the bikes that can be had', () => {
  it('are those in service that no rider holds, whatever happened to them and in whichever order it was written', async () => {
    let round = 0;
    const fleets = fc.array(bike, { minLength: 1, maxLength: 12 }).chain((steps) => {
      const documents = steps.flatMap((each, index) => documentsOf(index + 1, each));
      return fc.record({
        documents: fc.shuffledSubarray(documents, { minLength: documents.length }),
        last: fc.constant(steps.map((each, index) => documentsOf(index + 1, each).at(-1)?.state)),
        first: fc.integer({ min: 1, max: 5 }),
        wanted: fc.integer({ min: 0, max: 15 }),
      });
    });
    await fc.assert(
      fc.asyncProperty(fleets, async ({ documents, last, first, wanted }) => {
        const { database } = await stage.runtime(`fleet${(round += 1)}`);
        const store = createReservationStore(database, 10);
        await store.prepare();
        for (const document of documents) {
          for (const { collection, row } of store.changesOf(document)) await writeRows(collection, [row]);
        }
        const expected = last.flatMap((state) =>
          state?.status === 'free' && state.condition === 'IN_SERVICE' ? [state.bikeId] : [],
        );

        const found: number[] = [];
        let after: string | null = null;
        do {
          const page = await store.available({ first, after });
          found.push(...page.nodes.map(({ _id }) => _id));
          expect(await page.totalCount()).toBe(expected.length);
          after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
        } while (after !== null);
        expect(found).toEqual(expected);

        const distance = (bikeId: number) => Math.abs(bikeId - wanted);
        const others = expected.filter((bikeId) => bikeId !== wanted);
        const nearest = await store.nearestAvailable(wanted);
        expect(nearest ? distance(nearest._id) : null).toBe(
          others.length > 0 ? Math.min(...others.map(distance)) : null,
        );
        expect(nearest?._id).not.toBe(wanted);
      }),
      { numRuns: 15 },
    );
  });
});

it('finds the nearest bikes beside stations, and reads not all of a district for one', async () => {
  const { database } = await stage.runtime('beside');
  const store = createReservationStore(database, 10);
  const near = { latitude: 37.55, longitude: 126.99 };
  // One bike every 11 meters to the north.
  const bikes = Array.from({ length: 400 }, (_, index) => index + 1);
  const rows = bikes.flatMap((bikeId) => {
    const position = { latitude: near.latitude + bikeId / 10_000, longitude: near.longitude };
    const state = { status: 'free', bikeId, condition: 'IN_SERVICE', place: { position }, last: null };
    return store.changesOf({
      version: 2,
      events: [{ type: 'BikeMoved', data: { bikeId } }],
      state,
    } as unknown as JournalDocument<BikeSlot, ReservationEvent>);
  });
  await writeRows(
    rows[0]?.collection as never,
    rows.map(({ row }) => row),
  );
  const find = async (meters: number, size: number) =>
    (await store.nearBeside(near, meters, true, size)).map(({ bikeId }) => bikeId);
  for (const size of [1, 8, 9, 26, 27, 89, 90, 200]) {
    for (const meters of [50, 100, 299, 1_000, 5_000]) {
      const all = bikes.filter((bikeId) => bikeId * 11.1195 <= meters);
      const found = await find(meters, size);
      expect(found.slice(0, size)).toEqual(all.slice(0, size));
      expect(found).toEqual(all.slice(0, found.length));
    }
  }
  expect(await find(5_000, 1)).toHaveLength(8);
  expect(await find(5_000, 200)).toHaveLength(400);
});

it('finds bikes at stations and the few beside them with one read each, with what anybody may ask of them', async () => {
  const { database } = await stage.runtime('around');
  const store = createReservationStore(database, 10);
  const near = { latitude: 37.55, longitude: 126.99 };
  const beside = { latitude: near.latitude + 0.001, longitude: near.longitude };
  // More than a database gives in its first answer; every second is out of service, the last two stand beside.
  const bikes = Array.from({ length: 302 }, (_, index) => index + 1);
  const rows = bikes.flatMap((bikeId) => {
    const place = bikeId > 300 ? { position: beside } : { stationId: `ST-${1 + (bikeId % 3)}` };
    const condition = bikeId % 2 === 0 ? 'MAINTENANCE' : 'IN_SERVICE';
    const state = { status: 'free', bikeId, condition, place, last: null };
    return store.changesOf({
      version: 2,
      events: [{ type: 'BikeMoved', data: { bikeId } }],
      state,
    } as unknown as JournalDocument<BikeSlot, ReservationEvent>);
  });
  await writeRows(
    rows[0]?.collection as never,
    rows.map(({ row }) => row),
  );
  const commands: string[] = [];
  database.set('debug', (_collection: string, method: string) => void commands.push(method));
  const stations = [
    { stationId: 'ST-2', meters: 5 },
    { stationId: 'ST-1', meters: 90 },
  ];
  for (const isAvailable of [true, false, undefined]) {
    const isWanted = (bikeId: number) => isAvailable === undefined || isAvailable === (bikeId % 2 === 1);
    const at = (rest: number) => bikes.filter((bikeId) => bikeId <= 300 && bikeId % 3 === rest && isWanted(bikeId));
    const told = (bikeId: number, stationId: string, meters: number) => ({
      ...{ bikeId, meters },
      shown: { stationId, isAvailable: bikeId % 2 === 1 },
    });
    expect(await store.nearAt(stations, isAvailable)).toEqual([
      ...at(1).map((bikeId) => told(bikeId, 'ST-2', 5)),
      ...at(0).map((bikeId) => told(bikeId, 'ST-1', 90)),
    ]);
    const found = await store.nearBeside(near, 5_000, isAvailable, 50);
    expect(found.map(({ bikeId, shown }) => [bikeId, shown])).toEqual(
      [301, 302].filter(isWanted).map((bikeId) => [bikeId, { position: beside, isAvailable: bikeId % 2 === 1 }]),
    );
  }
  expect(commands).toEqual(['find', 'find', 'find', 'find', 'find', 'find']);
});

it('tells which bikes of a rider may have changed: those of a report too, however old its ride', async () => {
  const { database } = await stage.runtime('since');
  const store = createReservationStore(database, 10);
  const rowsOf = (bikeId: number, report: object) => {
    const last = { reserveNo: bikeId, userId: '10', bikeId, reserveStatus: 'RETURNED', reserveDateTime: at };
    const state = { status: 'free', bikeId, condition: 'IN_SERVICE', last, reports: [{ ...last, ...report }] };
    const events = [{ type: 'ReturnReported', data: { reserveNo: bikeId } }];
    return store.changesOf({ version: 2, events, state } as unknown as JournalDocument<BikeSlot, ReservationEvent>);
  };
  const before = '2026-11-25T00:00:00.000Z';
  const reports: Record<number, object> = {
    1: { status: 'SETTLED', reportedAt: before, decidedAt: later },
    2: { status: 'OPEN', reportedAt: later, decidedAt: null },
    3: { status: 'REJECTED', reportedAt: before, decidedAt: before },
    4: { status: 'OPEN', reportedAt: before, decidedAt: null },
    // Through an instance whose clock is behind the broker's.
    5: { status: 'REJECTED', reportedAt: before, decidedAt: '2026-11-26T00:29:55.000Z' },
    6: { status: 'OPEN', reportedAt: '2026-11-26T00:29:55.000Z', decidedAt: null },
  };
  const changes = Array.from({ length: 80 }, (_, index) => rowsOf(index + 1, reports[index + 1] ?? {})).flat();
  for (const [collection, some] of Map.groupBy(changes, (change) => change.collection)) {
    await writeRows(
      collection,
      some.map(({ row }) => row),
    );
  }
  const since = '2026-11-26T00:30:00.000Z';
  const newest = Array.from({ length: 50 }, (_, index) => 80 - index);
  expect(await store.bikesSince(since, { userId: '10' })).toEqual([...newest, 2, 6, 1, 5]);
  expect(await store.bikesSince(since, { userId: '11' })).toEqual([]);
  expect(await store.bikesSince(since, { reserveNo: 1 })).toEqual([1]);
});

it('knows whose a reservation is from its decision, and reads only what others decided', async () => {
  const { database } = await stage.runtime('keys');
  const store = createReservationStore(database, 10);
  const key = { reserveNo, userId: '10', bikeId: 3 };
  expect(await store.keyOf(reserveNo)).toBeUndefined();
  const changes = documentsOf(3, [{ type: 'RequestReservation' }]).flatMap((document) => store.changesOf(document));
  expect(await store.keyOf(reserveNo)).toEqual(key);
  for (const { collection, row } of changes) await writeRows(collection, [row]);
  expect(await createReservationStore(database, 10).keyOf(reserveNo)).toMatchObject(key);
});
