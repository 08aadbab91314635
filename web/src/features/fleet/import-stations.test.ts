import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../../../schema/client/client.ts';
import type { OpenStationsInput, StationFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import { carryOut, isDeed, planFor } from './import-stations.ts';
import type { FileLine, FileStation } from './station-csv.ts';

const written: FileStation = {
  number: 102,
  nameKo: '망원역 1번출구 앞',
  district: 'MAPO',
  address: null,
  position: { latitude: 37.5556, longitude: 126.9106 },
  racks: 15,
  openedDate: null,
};
const there: StationFieldsFragment = {
  ...written,
  stationId: 'ST-102',
  nameEn: 'Mangwon Station',
  address: '월드컵로 72',
  openedDate: '2015-09-05T15:00:00.000Z',
  state: 'OPEN',
};
const line = (station: FileStation): FileLine => ({ line: 2, station, problem: null });
const plan = (changes: Partial<FileStation>, now?: Partial<StationFieldsFragment>) =>
  planFor([line({ ...written, ...changes })], new Map(now ? [[102, { ...there, ...now }]] : []))[0];

describe('a line of a file of stations', () => {
  it('opens a station that is not there', () => {
    expect(plan({})).toMatchObject({ line: 2, kind: 'open', station: written });
  });

  it('changes what it says otherwise, and nothing that it does not say', () => {
    const station = { ...written, racks: 16 };
    expect(plan({ racks: 16 }, {})).toEqual({
      line: 2,
      kind: 'change',
      station,
      change: { stationId: 'ST-102', racks: 16 },
    });
    const position = { latitude: 37.6, longitude: 126.9106 };
    expect(plan({ position }, {})).toMatchObject({ change: { stationId: 'ST-102', position } });
    expect(plan({}, {})).toMatchObject({ kind: 'same' });
  });

  it('says nothing to a closed station, and is told why where it is none', () => {
    expect(plan({ racks: 16 }, { state: 'CLOSED' })).toMatchObject({ kind: 'closed' });
    const problem = { code: 'noRacks' } as const;
    const [step] = planFor([{ line: 3, station: null, problem }], new Map());
    expect(step).toEqual({ line: 3, kind: 'invalid', station: null, problem });
    expect(step && isDeed(step)).toBe(false);
  });

  it('is done once it was carried out', () => {
    const opened = { ...there, address: written.address, openedDate: written.openedDate };
    expect(plan({}, opened)).toMatchObject({ kind: 'same' });
  });
});

it('a station that is asked for again, as its answer was lost, is asked for by the same key', async () => {
  const deeds = planFor([line(written), line({ ...written, number: 103 })], new Map()).filter(isDeed);
  const asked: unknown[] = [];
  const client = {
    request: (_document: unknown, { input }: { input: OpenStationsInput }) => {
      asked.push(input.stations.map(({ idempotencyKey }) => idempotencyKey));
      return Promise.reject(new Error('The answer is lost.'));
    },
  } as unknown as Client;
  for (let time = 0; time < 2; time += 1) {
    await expect(carryOut(client, deeds, () => undefined)).rejects.toThrow('lost');
  }
  const keys = [expect.any(String), expect.any(String)];
  expect(asked).toEqual([keys, asked[0]]);
  expect(new Set(asked[0] as string[]).size).toBe(2);
});
