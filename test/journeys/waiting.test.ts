import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../schema/client/client.ts';
import {
  MoveBikesDocument,
  OpenStationsDocument,
  ReservationsDocument,
  RiderWaitingDocument,
  StopWaitingDocument,
  WaitForBikeDocument,
  WaitingChangedDocument,
} from '../../schema/client/generated/graphql.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

describe('riders who wait for a bike', () => {
  let system: TestSystem;
  let operator: Client;
  beforeAll(async () => {
    system = await startSystem({ env: { OFFER_SECONDS: '2' } });
    operator = await system.client('boss', 'operator');
    const position = { latitude: 37.5556488, longitude: 126.91062927 };
    const stations = [{ number: 1, nameKo: '대여소', district: 'MAPO' as const, position, racks: 2 }];
    await operator.request(OpenStationsDocument, { input: { stations } });
  }, 240_000);
  afterEach(() => checkInvariants(system));
  afterAll(() => system.close());

  const newRider = async (): Promise<Rider> => {
    const person = await rider(system, randomUUID());
    await person.buys(10_000);
    return person;
  };
  const waits = async ({ client }: Rider, which: { bikeId: number } | { stationId: string }, userId?: string) => {
    const input = { ...which, ...(userId !== undefined && { userId }) };
    const { waiting, refusal } = (await client.request(WaitForBikeDocument, { input })).waitForBike;
    return refusal?.code ?? waiting?.place;
  };
  const stops = async ({ client }: Rider) =>
    (await client.request(StopWaitingDocument, { input: {} })).stopWaiting.refusal?.code ?? 'stopped';
  const seenBy = async ({ client, userId }: Rider) =>
    (await client.request(RiderWaitingDocument, { userId })).user?.waiting;
  const toldTo = (person: Rider, bikeId: number) =>
    until('the rider is told', async () => (await seenBy(person))?.offer?.bike.bikeId === bikeId);
  const overFor = (person: Rider) => until('the wait is over', async () => !(await seenBy(person)));

  it('are told in turn of a bike that is given back, and hear it by subscription', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const [holder, first, second] = await Promise.all([newRider(), newRider(), newRider()]);
    await until('the bike is there', async () => (await holder.reserves(bikeId)).status === 'RESERVED');
    const heard: string[] = [];
    const changes = first.client.subscribe(WaitingChangedDocument, { userId: first.userId });
    const listens = (async () => {
      for await (const { waitingChanged: change } of changes) {
        heard.push(change.ended ?? (change.offer ? `bike ${change.offer.bike.bikeId}` : `place ${change.place}`));
        if (change.ended) break;
      }
    })();
    expect(await waits(first, { bikeId })).toBe(1);
    expect(await waits(second, { bikeId })).toBe(2);
    expect(await waits(second, { bikeId })).toBe(2);
    expect(await seenBy(second)).toMatchObject({ place: 2, bike: { bikeId }, station: null, offer: null });
    const held = await operator.request(RiderWaitingDocument, { userId: holder.userId });
    expect(held.user?.waiting).toBeNull();
    expect(await waits(holder, { bikeId })).toBe('RIDER_HAS_LIVE_RESERVATION');
    await cancelOf(holder);
    await toldTo(first, bikeId);
    // The first does nothing: after OFFER_SECONDS the next one is told.
    await toldTo(second, bikeId);
    await overFor(first);
    expect((await second.reserves(bikeId)).status).toBe('RESERVED');
    await overFor(second);
    await listens;
    expect(heard.slice(-2)).toEqual([`bike ${bikeId}`, 'OFFER_LAPSED']);
    await cancelOf(second);
  });

  it('are told of any bike that comes to their station, and are in one list', async () => {
    const person = await newRider();
    const [bikeId = 0, other = 0] = await registerBikes(system, 2);
    await until('the bike is there', async () => (await waits(person, { bikeId: other })) === 1);
    expect(await waits(person, { stationId: 'ST-1' })).toBe(1);
    expect(await seenBy(person)).toMatchObject({ bike: null, station: { stationId: 'ST-1' } });
    await until('the bike stands there', async () => {
      const { moveBikes } = await operator.request(MoveBikesDocument, {
        input: { moves: [{ bikeId, stationId: 'ST-1' }] },
      });
      return moveBikes.results.every(({ refusal }) => refusal === null);
    });
    await toldTo(person, bikeId);
    expect(await stops(person)).toBe('stopped');
    expect(await stops(person)).toBe('NOT_WAITING');
    expect(await seenBy(person)).toBeNull();
  });

  it('are told why they cannot, and nobody waits for somebody else', async () => {
    const [one, other] = await Promise.all([newRider(), newRider()]);
    expect(await waits(one, { bikeId: 999_999 })).toBe('BIKE_NOT_FOUND');
    expect(await waits(one, { stationId: 'ST-4711' })).toBe('STATION_NOT_FOUND');
    await expect(waits(one, { stationId: 'ST-1' }, other.userId)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(one.client.request(RiderWaitingDocument, { userId: other.userId })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const unsaid = operator.subscribe(WaitingChangedDocument, {})[Symbol.asyncIterator]();
    await expect(unsaid.next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const input = { bikeId: 1, stationId: 'ST-1' };
    await expect(one.client.request(WaitForBikeDocument, { input })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  async function cancelOf(person: Rider) {
    const { reservations } = await operator.request(ReservationsDocument, {
      filter: { userId: person.userId },
      first: 1,
    });
    expect(await person.cancels(reservations.nodes[0]?.reserveNo ?? 0)).toBe('CANCELLED');
  }
});
