import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../schema/client/client.ts';
import {
  BikeDocument,
  BikesDocument,
  ChangeBikeConditionDocument,
  ChangeBikeConditionsDocument,
  CloseFaultsDocument,
  FaultyBikesDocument,
  FleetBikeDocument,
  FleetBikesDocument,
  type FleetBikesQueryVariables,
  FleetRiderReportsDocument,
  FleetStationsDocument,
  RegisterBikeDocument,
  RegisterBikesDocument,
  ReportFaultDocument,
  type ReportFaultInput,
  type ChangeBikeConditionInput,
  type RegisterBikesLine,
} from '../../schema/client/generated/graphql.ts';
import { checkInvariants } from '../support/invariants.ts';
import { rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

describe('a whole fleet', () => {
  let system: TestSystem;
  let operator: Client;
  const fleet = async () => (await operator.request(BikesDocument, { first: 1 })).bikes.totalCount;
  const register = async (bikes: RegisterBikesLine[]) =>
    (await operator.request(RegisterBikesDocument, { input: { bikes } })).registerBikes.results;
  const change = async (changes: ChangeBikeConditionInput[]) =>
    (await operator.request(ChangeBikeConditionsDocument, { input: { changes } })).changeBikeConditions.results;

  beforeAll(async () => {
    system = await startSystem();
    operator = await system.client('boss', 'operator');
  }, 240_000);
  afterAll(async () => {
    await checkInvariants(system);
    await system.close();
  }, 240_000);

  it('is registered in one call, and once however often the call comes', async () => {
    const lines = Array.from({ length: 300 }, (_, index) => ({ color: `c${index}`, idempotencyKey: `k${index}` }));
    const [one, other] = await Promise.all([register(lines), register(lines)]);
    expect(one.map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1));
    expect(one.map(({ bike }) => bike?.color)).toEqual(lines.map(({ color }) => color));
    expect(other).toEqual(one);
    expect(await register(lines)).toEqual(one);
    expect(await fleet()).toBe(300);
    expect(new Set(one.map(({ bike }) => bike?.bikeId)).size).toBe(300);
  });

  it('has each line turned down by itself, with its place', async () => {
    const before = await fleet();
    const good = { color: 'green' };
    const key = randomUUID();
    const results = await register([
      good,
      { color: '  ' },
      { color: 'red', registeredDate: '2026-02-30T00:00:00+09:00' },
      { color: 'red', registeredDate: '0001-01-01T00:00:00Z' },
      { color: 'red', registeredDate: 'yesterday' },
      { color: 'red', idempotencyKey: 'k'.repeat(256) },
      { color: 'red', idempotencyKey: key },
      { color: 'blue', idempotencyKey: key },
      { ...good, registeredDate: '2026-02-28T00:00:00+09:00' },
      { color: 'half \ud83d' },
    ]);
    expect(results.map(({ line, bike, refusal }) => [line, refusal?.code ?? bike?.color])).toEqual([
      [1, 'green'],
      [2, 'INVALID_COLOR'],
      [3, 'INVALID_DATE'],
      [4, 'INVALID_DATE'],
      [5, 'INVALID_DATE'],
      [6, 'INVALID_LINE'],
      [7, 'red'],
      [8, 'IDEMPOTENCY_KEY_REUSED'],
      [9, 'green'],
      [10, 'INVALID_LINE'],
    ]);
    expect(results[9]?.refusal?.because).toBe('"color" has half a character in it (an unpaired surrogate).');
    const { bike } = await operator.request(BikeDocument, { bikeId: results[8]?.bike?.bikeId ?? 0 });
    expect(bike?.registeredDate).toBe('2026-02-27T15:00:00.000Z');
    expect(await fleet()).toBe(before + 3);
  });

  it('takes a number for no bike that does not join it', async () => {
    const newest = async () => Number((await register([{ color: 'n' }]))[0]?.bike?.bikeId);
    const first = await newest();
    const again = { color: 'again', idempotencyKey: 'again' };
    await register([again, again, { color: '' }, { color: 'x', registeredDate: '9999-01-01T00:00:00Z' }]);
    await register([again]);
    const { registerBike } = await operator.request(RegisterBikeDocument, { input: again });
    expect(registerBike.bike?.bikeId).toBeLessThanOrEqual(first + 2);
    // Both lines of the first call came at once, so that both took one.
    expect(await newest()).toBe(first + 3);
  });

  it('changes its condition line by line, in their order', async () => {
    const [one, other] = (await register([{ color: 'a' }, { color: 'b' }])).map(({ bike }) => Number(bike?.bikeId));
    const keyed = { bikeId: Number(other), condition: 'RETIRED', idempotencyKey: 'retire' } as const;
    const changes: ChangeBikeConditionInput[] = [
      { bikeId: Number(one), condition: 'MAINTENANCE' },
      { bikeId: 999_999, condition: 'LOST' },
      { bikeId: 0, condition: 'LOST' },
      { bikeId: -1, condition: 'LOST' },
      { bikeId: Number(one), condition: 'LOST', reason: 'x'.repeat(501) },
      { bikeId: Number(one), condition: 'IN_SERVICE' },
      { bikeId: Number(one), condition: 'LOST' },
      keyed,
    ];
    const results = await change(changes);
    expect(results.map(({ refusal, bike }) => refusal?.code ?? bike?.condition)).toEqual([
      'MAINTENANCE',
      'BIKE_NOT_FOUND',
      'BIKE_NOT_FOUND',
      'BIKE_NOT_FOUND',
      'INVALID_LINE',
      'IN_SERVICE',
      'LOST',
      'RETIRED',
    ]);
    expect((await change([keyed]))[0]?.bike).toEqual(results[7]?.bike);
  });

  it('takes a thousand lines a call and none at all, from operators and admins', async () => {
    const line = { color: 'x' };
    await expect(register(Array.from({ length: 1001 }, () => line))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const lost = { bikeId: 1, condition: 'LOST' } as const;
    await expect(change(Array.from({ length: 1001 }, () => lost))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await register([])).toEqual([]);
    const user = await system.client('user', 'rider');
    const input = { bikes: [line] };
    await expect(user.request(RegisterBikesDocument, { input })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('is a table that operators filter and order, with who holds a bike and since when', async () => {
    const table = async (variables: FleetBikesQueryVariables) =>
      (await operator.request(FleetBikesDocument, variables)).dashboard.bikes;
    const [held = 0] = (await register([{ color: 'red' }])).map(({ bike }) => bike?.bikeId ?? 0);
    const person = await rider(system, 'holder');
    await person.buys(1_000);
    const { reserveNo } = await person.reserves(held);
    const isThere = async () => (await table({ filter: { use: ['RESERVED'] } })).nodes.length === 1;
    await until('the reserved bike is in the table', isThere);
    const { nodes } = await table({ filter: { use: ['RESERVED'] }, orderBy: 'SINCE_DESC' });
    expect(nodes).toMatchObject([{ bikeId: held, userId: 'holder', reserveNo, station: null }]);
    expect(Date.parse(nodes[0]?.since ?? '')).toBeLessThanOrEqual(Date.now());

    const last = await table({ orderBy: 'BIKE_ID_DESC', first: 1 });
    expect(last).toMatchObject({ nodes: [{ bikeId: held }], totalCount: await fleet(), rowsBefore: 0 });
    const after = last.pageInfo.endCursor;
    expect((await table({ orderBy: 'BIKE_ID_DESC', first: 1, after })).rowsBefore).toBe(1);
    await expect(table({ orderBy: 'SINCE_ASC', after })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('"bikes BIKE_ID_DESC", not of "bikes SINCE_ASC"'),
    });
    await expect(table({ last: 201 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect((await operator.request(FleetStationsDocument, {})).dashboard.stations).toMatchObject({ totalCount: 0 });
    await expect(person.client.request(FleetBikesDocument, {})).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('has the faults that riders report, until an operator has seen to them', async () => {
    const [bikeId = 0, other = 0] = (await register([{ color: 'green' }, { color: 'green' }])).map(
      ({ bike }) => bike?.bikeId ?? 0,
    );
    const one = await rider(system, 'finder');
    const report = async (input: ReportFaultInput) =>
      (await one.client.request(ReportFaultDocument, { input })).reportFault.refusal?.code ?? 'reported';
    const close = async (input: { bikeId: number; reason?: string }) =>
      (await operator.request(CloseFaultsDocument, { input })).closeFaults;
    const broken = async () => {
      const { faultyBikes } = await operator.request(FaultyBikesDocument, {});
      return faultyBikes.nodes.map((bike) => [bike.bikeId, bike.faults.map(({ kind }) => kind)]);
    };
    const idempotencyKey = randomUUID();
    const brakes = { bikeId, kind: 'BRAKES' as const, note: '앞 브레이크\n소리', idempotencyKey };
    expect(await report(brakes)).toBe('reported');
    expect(await report(brakes)).toBe('reported');
    expect(await report({ bikeId, kind: 'BRAKES' })).toBe('ALREADY_REPORTED');
    expect(await report({ bikeId: other, kind: 'LOCK' })).toBe('reported');
    expect(await report({ bikeId, kind: 'CHAIN' })).toBe('reported');
    expect(await report({ bikeId: 999_999, kind: 'CHAIN' })).toBe('BIKE_NOT_FOUND');
    expect(await broken()).toEqual([
      [bikeId, ['BRAKES', 'CHAIN']],
      [other, ['LOCK']],
    ]);
    const another = await rider(system, 'another');
    const input = { bikeId: other, kind: 'TIRE' as const };
    expect((await another.client.request(ReportFaultDocument, { input })).reportFault.refusal).toBeNull();
    const reportedBy = async (userId: string) => {
      const { faultyBikes } = await operator.request(FleetRiderReportsDocument, { userId });
      return faultyBikes?.nodes.map((bike) => bike.bikeId);
    };
    expect(await reportedBy('finder')).toEqual([bikeId, other]);
    expect(await reportedBy('another')).toEqual([other]);
    expect(await reportedBy('nobody')).toEqual([]);
    await expect(one.client.request(FaultyBikesDocument, {})).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(one.client.request(CloseFaultsDocument, { input: { bikeId } })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await close({ bikeId, reason: 'oiled' })).toMatchObject({ bike: { bikeId, faults: [] }, refusal: null });
    expect((await close({ bikeId })).refusal?.code).toBe('NO_OPEN_REPORT');
    for (const condition of ['MAINTENANCE', 'IN_SERVICE'] as const) {
      expect((await broken()).map(([id]) => id)).toEqual([other]);
      await operator.request(ChangeBikeConditionDocument, { input: { bikeId: other, condition } });
    }
    expect(await broken()).toEqual([]);
    const { bike } = await operator.request(FleetBikeDocument, { bikeId });
    expect(bike?.history.slice(0, 3)).toMatchObject([
      { eventType: 'FaultsClosed', by: 'boss', reason: 'oiled' },
      { eventType: 'FaultReported', by: 'finder', fault: 'CHAIN' },
      { eventType: 'FaultReported', by: 'finder', fault: 'BRAKES', reason: brakes.note, condition: 'IN_SERVICE' },
    ]);
  });
});
