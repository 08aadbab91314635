import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import type { Client } from '../../schema/client/client.ts';
import {
  BikePlaceDocument,
  BikesNearDocument,
  ChangeBikeConditionDocument,
  CloseStationDocument,
  FleetBikeDocument,
  MoveBikesDocument,
  OpenStationsDocument,
  ReserveBikeDocument,
  ReserveBikeOrAnotherDocument,
  ReturnBikeDocument,
  RiderRidesDocument,
  StationBikesDocument,
  StationsNearDocument,
  type MoveBikesLine,
  type ReturnBikeInput,
} from '../../schema/client/generated/graphql.ts';
import { startService } from '../../platform/index.ts';
import { definitionOf } from '../../subgraphs/registry.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const position = { latitude: 37.5556488, longitude: 126.91062927 };

describe('where bikes are', () => {
  let system: TestSystem;
  let operator: Client;
  beforeAll(async () => {
    system = await startSystem();
    operator = await system.client('boss', 'operator');
    const stations = [1, 2, 3, 4, 5, 6].map((number) => ({
      number,
      nameKo: `대여소 ${number}`,
      district: 'MAPO' as const,
      position,
      racks: 2,
    }));
    const { openStations } = await operator.request(OpenStationsDocument, { input: { stations } });
    expect(openStations.results.map(({ refusal }) => refusal)).toEqual(stations.map(() => null));
  }, 240_000);
  afterEach(() => checkInvariants(system));
  afterAll(() => system.close());

  const move = async (moves: MoveBikesLine[]) =>
    (await operator.request(MoveBikesDocument, { input: { moves } })).moveBikes.results.map(
      ({ bike, refusal }) => refusal?.code ?? bike?.station?.stationId ?? bike?.position ?? 'nowhere',
    );
  const placeOf = async (bikeId: number) => {
    const { bike } = await operator.request(BikePlaceDocument, { bikeId });
    return bike?.station?.stationId ?? bike?.position ?? 'nowhere';
  };
  const at = async (stationId: string) => {
    const { station } = await operator.request(StationBikesDocument, { stationId });
    if (!station) throw new Error(`no ${stationId}`);
    expect(station.bikes.nodes).toHaveLength(station.bikesParked);
    expect(station.available.totalCount).toBe(station.bikesAvailable);
    return [station.bikesParked, station.bikesAvailable, station.freeRacks];
  };
  const bikesAt = async (stationId: string, count: number) => {
    const bikeIds = await registerBikes(system, count);
    // A bike is moved once reservation has heard of it.
    await until('every bike is there', async () => {
      const results = await move(bikeIds.map((bikeId) => ({ bikeId, stationId })));
      return results.every((result) => result === stationId);
    });
    return bikeIds;
  };
  const newRider = async (): Promise<Rider> => {
    const person = await rider(system, randomUUID());
    await person.buys(10_000);
    return person;
  };
  const returns = async (person: Rider, input: ReturnBikeInput) => {
    const { returnBike } = await person.client.request(ReturnBikeDocument, { input });
    return returnBike.refusal?.code ?? returnBike.reservation?.reserveStatus;
  };

  it('a bike goes from station to station, and the stations count it', async () => {
    const [bikeId = 0, other = 0] = await bikesAt('ST-1', 2);
    expect(await at('ST-1')).toEqual([2, 2, 0]);
    const person = await newRider();
    const { reserveNo } = await person.reserves(bikeId);
    expect(await at('ST-1')).toEqual([2, 1, 0]);
    await person.starts(reserveNo);
    expect(await placeOf(bikeId)).toBe('nowhere');
    expect(await at('ST-1')).toEqual([1, 1, 1]);
    expect(await move([{ bikeId, stationId: 'ST-2' }])).toEqual(['BIKE_ON_RIDE']);
    expect(await returns(person, { reserveNo, stationId: 'ST-2' })).toBe('RETURNED');
    expect(await at('ST-2')).toEqual([1, 1, 1]);
    const withdrawal = { bikeId: other, condition: 'MAINTENANCE' } as const;
    await operator.request(ChangeBikeConditionDocument, { input: withdrawal });
    await until('it cannot be reserved', async () => (await at('ST-1'))[1] === 0);
    expect(await at('ST-1')).toEqual([1, 0, 1]);
    expect(await move([{ bikeId }, { bikeId: other, position }])).toEqual(['nowhere', position]);
    expect([await at('ST-1'), await at('ST-2')]).toEqual([
      [0, 0, 2],
      [0, 0, 2],
    ]);
  });

  it('who moved a bike, where and why is told to staff, and to nobody else', async () => {
    const [bikeId = 0] = await bikesAt('ST-5', 1);
    const person = await newRider();
    const { reserveNo } = await person.reserves(bikeId);
    await person.starts(reserveNo);
    expect(await returns(person, { reserveNo, stationId: 'ST-2' })).toBe('RETURNED');
    // A line tells of the bike as it is after all of them.
    const moved = await move([{ bikeId, position, reason: 'Event at the river.' }, { bikeId }]);
    expect(moved).toEqual(['nowhere', 'nowhere']);
    const { bike } = await operator.request(FleetBikeDocument, { bikeId });
    const names = { nameKo: '대여소 5', nameEn: expect.any(String) };
    expect(bike?.moves.map(({ place, by, reason }) => [place, by, reason])).toEqual([
      [null, 'boss', null],
      [{ station: null, position }, 'boss', 'Event at the river.'],
      [{ station: { stationId: 'ST-5', ...names }, position: null }, 'boss', null],
    ]);
    const times = bike?.moves.map(({ at: time }) => Date.parse(time)) ?? [];
    expect(times).toEqual(times.toSorted((one, other) => other - one));
    const moves = parse('query ($bikeId: Int!) { bike(bikeId: $bikeId) { moves { by } } }') as typeof FleetBikeDocument;
    await expect(person.client.request(moves, { bikeId })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('a bike without a place is reserved and ridden like any other, and stands where it is returned', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const person = await newRider();
    for (const place of [{}, { position }, {}]) {
      const { reserveNo } = await person.reserves(bikeId);
      await person.starts(reserveNo);
      expect(await returns(person, { reserveNo, ...place })).toBe('RETURNED');
      expect(await placeOf(bikeId)).toEqual('position' in place ? position : 'nowhere');
    }
  });

  it('a ride tells its rider, and nobody else, from where to where it went and what it cost', async () => {
    const [bikeId = 0] = await bikesAt('ST-6', 1);
    const person = await newRider();
    const goes = async (place: Partial<ReturnBikeInput>) => {
      const { reserveNo } = await person.reserves(bikeId);
      await person.starts(reserveNo);
      expect(await returns(person, { reserveNo, ...place })).toBe('RETURNED');
    };
    for (const place of [{ position }, { stationId: 'ST-2' }, {}]) await goes(place);
    const { reservations } = await person.client.request(RiderRidesDocument, { userId: person.userId });
    const [atStation, atPosition] = [
      { station: { stationId: 'ST-2' }, position: null },
      { station: null, position },
    ];
    expect(
      reservations.nodes.map(({ startPlace, returnPlace, overtime }) => [startPlace, returnPlace, overtime]),
    ).toEqual([
      [atStation, null, 0],
      [atPosition, atStation, 0],
      [{ station: { stationId: 'ST-6' }, position: null }, atPosition, 0],
    ]);
    const other = await newRider();
    await expect(other.client.request(RiderRidesDocument, { userId: person.userId })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('a return is refused only for a place that cannot be', async () => {
    const [bikeId = 0] = await bikesAt('ST-3', 1);
    const person = await newRider();
    const { reserveNo } = await person.reserves(bikeId);
    await person.starts(reserveNo);
    const swapped = { latitude: position.longitude, longitude: position.latitude };
    expect(await returns(person, { reserveNo, position: swapped })).toBe('INVALID_POSITION');
    for (const stationId of ['ST-4711', 'ST-0', '3', '']) {
      expect(await returns(person, { reserveNo, stationId })).toBe('STATION_NOT_FOUND');
    }
    await expect(returns(person, { reserveNo, stationId: 'ST-3', position })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    const input = { reserveNo, stationId: 'ST-3', idempotencyKey: randomUUID() };
    expect(await returns(person, input)).toBe('RETURNED');
    expect(await returns(person, input)).toBe('RETURNED');
    expect(await returns(person, { reserveNo, stationId: 'ST-2' })).toBe('NOT_RETURNABLE');
    expect(await placeOf(bikeId)).toBe('ST-3');
  });

  it('a station that is full, or has closed, takes bikes all the same', async () => {
    const bikeIds = await registerBikes(system, 6);
    const people = await Promise.all(bikeIds.map(newRider));
    const rides = await Promise.all(people.map(async (person, index) => person.reserves(bikeIds[index] ?? 0)));
    await Promise.all(people.map((person, index) => person.starts(rides[index]?.reserveNo ?? 0)));
    const back = (index: number) =>
      returns(people[index] as Rider, { reserveNo: rides[index]?.reserveNo ?? 0, stationId: 'ST-4' });
    expect(await Promise.all([0, 1, 2, 3].map(back))).toEqual(Array.from({ length: 4 }, () => 'RETURNED'));
    expect(await at('ST-4')).toEqual([4, 4, -2]);
    await operator.request(CloseStationDocument, { input: { stationId: 'ST-4' } });
    expect(await back(4)).toBe('RETURNED');
    expect(await at('ST-4')).toEqual([5, 5, -3]);
    expect(
      await move([
        { bikeId: bikeIds[0] ?? 0, stationId: 'ST-5' },
        { bikeId: bikeIds[1] ?? 0, stationId: 'ST-4' },
      ]),
    ).toEqual(['ST-5', 'STATION_CLOSED']);
    expect(await back(5)).toBe('RETURNED');
  });

  it('a station of one rack takes a dozen bikes, and counts them all', async () => {
    const station = { number: 9, nameKo: '좁은 대여소', district: 'MAPO' as const, position, racks: 1 };
    await operator.request(OpenStationsDocument, { input: { stations: [station] } });
    const bikeIds = await registerBikes(system, 12);
    const results = await Promise.all(
      bikeIds.map(async (bikeId) => {
        const person = await newRider();
        const { reserveNo } = await person.reserves(bikeId);
        await person.starts(reserveNo);
        return returns(person, { reserveNo, stationId: 'ST-9' });
      }),
    );
    expect(results).toEqual(bikeIds.map(() => 'RETURNED'));
    expect(await at('ST-9')).toEqual([12, 12, -11]);
  });

  it('riders who want any bike at a station get one each, and the others are told', async () => {
    const bikeIds = await bikesAt('ST-1', 4);
    const people = await Promise.all(Array.from({ length: 7 }, newRider));
    const want = async (person: Rider, key: string) => {
      const input = { stationId: 'ST-1', idempotencyKey: key };
      const { reserveBike } = await person.client.request(ReserveBikeDocument, { input });
      return { bikeId: reserveBike.reservation?.bikeId, code: reserveBike.refusal?.code };
    };
    const keys = people.map(() => randomUUID());
    const ask = () => Promise.all(people.map((person, index) => want(person, keys[index] ?? '')));
    const answers = await ask();
    const got = answers.flatMap(({ bikeId }) => (bikeId === undefined ? [] : [bikeId]));
    expect(got.toSorted((one, another) => one - another)).toEqual(bikeIds);
    expect(answers.flatMap(({ code }) => code ?? [])).toEqual(Array.from({ length: 3 }, () => 'NO_BIKE_AT_STATION'));
    // The same key gives the same bike, and no second one.
    const lucky = answers.findIndex(({ bikeId }) => bikeId !== undefined);
    expect(await want(people[lucky] as Rider, keys[lucky] ?? '')).toEqual(answers[lucky]);
    const [person] = people;
    for (const [stationId, code] of [
      ['ST-4711', 'STATION_NOT_FOUND'],
      ['nonsense', 'STATION_NOT_FOUND'],
      ['ST-2', 'NO_BIKE_AT_STATION'],
    ] as const) {
      const { reserveBike } = await (person as Rider).client.request(ReserveBikeDocument, { input: { stationId } });
      expect(reserveBike.refusal?.code).toBe(code);
    }
    for (const input of [{}, { bikeId: 1, stationId: 'ST-1' }]) {
      await expect((person as Rider).client.request(ReserveBikeDocument, { input })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    }
  });

  it('bikes are found by how near they are, at stations and beside', async () => {
    // 0.001 degrees of latitude are 111 meters.
    const off = (steps: number) => ({ ...position, latitude: position.latitude + 0.5 + steps / 1_000 });
    const stations = [7, 8].map((number) => ({
      ...{ number, nameKo: `먼 대여소 ${number}`, district: 'NOWON' as const, racks: 5 },
      position: off(number - 6),
    }));
    await operator.request(OpenStationsDocument, { input: { stations } });
    const [one = 0] = await bikesAt('ST-7', 1);
    const [two = 0] = await bikesAt('ST-8', 1);
    const [beside = 0, lost = 0] = await registerBikes(system, 2);
    await until('they stand', async () => {
      const results = await move([
        { bikeId: beside, position: off(0) },
        { bikeId: lost, position: off(0) },
      ]);
      return results.every((result) => typeof result === 'object');
    });
    await operator.request(ChangeBikeConditionDocument, { input: { bikeId: lost, condition: 'LOST' } });
    const near = off(0);
    const find = async (given: { withinMeters?: number; available?: boolean; first?: number }) =>
      (await operator.request(BikesNearDocument, { near, ...given })).bikesNear.map(
        ({ bike, meters }) => [bike.bikeId, meters] as const,
      );
    await until('the lost one is not available', async () => (await find({ available: false })).length === 1);
    expect(await find({ available: true })).toEqual([
      [beside, 0],
      [one, 111],
      [two, 222],
    ]);
    expect(await find({ available: true, first: 2 })).toEqual([
      [beside, 0],
      [one, 111],
    ]);
    expect(await find({ withinMeters: 111 })).toEqual([
      [beside, 0],
      [lost, 0],
    ]);
    expect((await find({ withinMeters: 112 })).map(([bikeId]) => bikeId)).toEqual([beside, lost, one]);
    const { stations: around } = await operator.request(StationsNearDocument, { near, first: 3 });
    expect(around.edges.map(({ meters, node }) => [meters, node.stationId, node.bikesAvailable])).toEqual([
      [111, 'ST-7', 1],
      [222, 'ST-8', 1],
      [expect.any(Number), 'ST-1', expect.any(Number)],
    ]);
    const person = await newRider();
    // Of two that are as far, rounding says which is nearer.
    const instead = async (which: { bikeId: number } | { stationId: string }) => {
      const answer = await person.client.request(ReserveBikeOrAnotherDocument, { input: which });
      const { refusal, alternatives } = answer.reserveBike;
      const near = alternatives.map(({ bike, meters }) => [bike.bikeId, meters] as const);
      expect(near.map(([, meters]) => meters)).toEqual(near.map(([, meters]) => meters).toSorted((a, b) => a - b));
      return [refusal?.code, ...near.toSorted(([bikeId], [other]) => bikeId - other)];
    };
    expect(await instead({ bikeId: lost })).toEqual(['BIKE_NOT_IN_SERVICE', [one, 111], [two, 222], [beside, 0]]);
    await (await newRider()).reserves(one);
    expect(await instead({ bikeId: one })).toEqual(['BIKE_ALREADY_RESERVED', [two, 111], [beside, 111]]);
    expect(await instead({ stationId: 'ST-7' })).toEqual(['NO_BIKE_AT_STATION', [two, 111], [beside, 111]]);
    expect(await instead({ bikeId: 999_999 })).toEqual(['BIKE_NOT_FOUND']);
    const swapped = { latitude: near.longitude, longitude: near.latitude };
    for (const ask of [
      (given: { near: typeof near; withinMeters?: number }) => operator.request(BikesNearDocument, given),
      (given: { near: typeof near; withinMeters?: number }) => operator.request(StationsNearDocument, given),
    ]) {
      await expect(ask({ near: swapped })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        message: '"near": Latitude and longitude are swapped.',
      });
      await expect(ask({ near, withinMeters: 0 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    }
  });

  it('operators and admins move bikes, line by line', async () => {
    const [one = 0, other = 0] = await registerBikes(system, 2);
    await bikesAt('ST-2', 1);
    const keyed = { bikeId: one, stationId: 'ST-2', idempotencyKey: randomUUID(), reason: 'rush hour' };
    expect(
      await move([
        keyed,
        { bikeId: 999_999, stationId: 'ST-2' },
        { bikeId: other, stationId: 'ST-4711' },
        { bikeId: other, position: { latitude: 0, longitude: 0 } },
        { bikeId: other, position, stationId: 'ST-2' },
        { bikeId: other, stationId: 'ST-2', reason: 'x'.repeat(501) },
        { bikeId: other, position },
      ]),
    ).toEqual([
      'ST-2',
      'BIKE_NOT_FOUND',
      'STATION_NOT_FOUND',
      'INVALID_POSITION',
      'INVALID_LINE',
      'INVALID_LINE',
      position,
    ]);
    expect(await move([{ bikeId: one, position }, keyed])).toEqual([position, position]);
    const person = await newRider();
    await expect(person.client.request(MoveBikesDocument, { input: { moves: [] } })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('rides begin and end at stations while station is away; operators wait', async () => {
    const bikeIds = await bikesAt('ST-6', 2);
    const service = system.services?.station;
    await service?.close();
    const person = await newRider();
    const { reserveBike } = await person.client.request(ReserveBikeDocument, { input: { stationId: 'ST-6' } });
    const reserveNo = reserveBike.reservation?.reserveNo ?? 0;
    const bikeId = reserveBike.reservation?.bikeId ?? 0;
    await person.starts(reserveNo);
    expect(await returns(person, { reserveNo, stationId: 'ST-5' })).toBe('RETURNED');
    await expect(move([{ bikeId, stationId: 'ST-2' }])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    const env = { ...system.env, STATION_PORT: String(service?.port) };
    const again = await startService(definitionOf('station', env), env);
    try {
      await until('the station is there again', async () => (await placeOf(bikeId)) === 'ST-5');
      expect(bikeIds).toContain(bikeId);
      await checkInvariants(system);
    } finally {
      await again.close();
    }
  });
});
