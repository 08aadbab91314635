import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../../../schema/client/client.ts';
import { FleetBikesDocument, StationsDocument } from '../../../../schema/client/generated/graphql.ts';
import { type FleetBike, outcomeBefore } from './bulk.ts';
import { readMoves } from './move-csv.ts';
import { planMoves } from './move-plan.ts';

const stations = [
  { stationId: 'ST-101', number: 101, state: 'OPEN' },
  { stationId: 'ST-102', number: 102, state: 'CLOSED' },
];
const bikes: readonly Pick<FleetBike, 'bikeId' | 'use' | 'station'>[] = [
  { bikeId: 1, use: 'FREE', station: null },
  { bikeId: 2, use: 'IN_USE', station: null },
  { bikeId: 3, use: 'RESERVED', station: null },
  { bikeId: 4, use: 'FREE', station: { stationId: 'ST-101' } as FleetBike['station'] },
];

/** Knows these, and keeps what it was asked. */
function city() {
  const asked: unknown[] = [];
  const request = (document: unknown, variables: { filter: { bikeIds: number[] } }) => {
    asked.push(document);
    if (document === StationsDocument) return Promise.resolve({ stations: { nodes: stations, pageInfo: {} } });
    const nodes = bikes.filter(({ bikeId }) => variables.filter.bikeIds.includes(bikeId));
    return Promise.resolve({ dashboard: { bikes: { nodes } } });
  };
  return { client: { request } as unknown as Client, asked };
}

async function planOf(text: string, told: number[] = []) {
  const { client, asked } = city();
  const { lines } = readMoves(text);
  const plan = await planMoves(client, lines, new AbortController().signal, (count) => told.push(count));
  return { plan, asked };
}

describe('a file of moves', () => {
  it('is foretold for each bike that it names, before anything moves', async () => {
    const { plan, asked } = await planOf('1,101\n2,101\n3,101\n4,101\n5,101\n1,102\nx,101');
    expect(plan.lines).toHaveLength(7);
    expect(plan.bulk.map(({ bikeId, forecast }) => [bikeId, forecast])).toEqual([
      [1, 'changes'],
      [2, 'onRide'],
      [3, 'changes'],
      [4, 'same'],
      [5, 'notThere'],
    ]);
    expect(new Set(asked)).toEqual(new Set([StationsDocument, FleetBikesDocument]));
  });

  it('says of each where to, and why not there', async () => {
    const { plan } = await planOf('1,101\n3,102\n4,999');
    const change = plan.changeFor('Fair');
    if (change.kind !== 'move') throw new Error('It moves bikes.');
    expect([1, 3, 4].map(change.to)).toEqual([
      { stationId: 'ST-101', state: 'OPEN' },
      { stationId: 'ST-102', state: 'CLOSED' },
      { stationId: 'ST-999', state: null },
    ]);
    expect(change.reason).toBe('Fair');
    expect(plan.bulk.map(outcomeBefore)).toEqual([
      null,
      { status: 'refused', code: 'STATION_CLOSED' },
      { status: 'refused', code: 'STATION_NOT_FOUND' },
    ]);
  });

  it('tells how far it has looked, and asks for nothing where no line names a bike', async () => {
    const told: number[] = [];
    await planOf(Array.from({ length: 450 }, (_, index) => `${index + 1},101`).join('\n'), told);
    expect(told).toEqual([200, 400, 450]);
    expect((await planOf('x,101\ny,102')).asked).toEqual([]);
  });
});
