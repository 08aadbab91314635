import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../schema/client/client.ts';
import {
  BikePlaceDocument,
  ChangeStationDocument,
  ChangeStationsDocument,
  CloseStationDocument,
  OpenStationDocument,
  OpenStationsDocument,
  StationDocument,
  StationHistoryDocument,
  StationsDocument,
  type OpenStationsLine,
} from '../../schema/client/generated/graphql.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { seoul } from '../../cli/demo/seoul.ts';
import { runOps } from '../../cli/ops/ops.ts';
import { districts } from '../../schema/places.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const mangwon = {
  nameKo: '망원역 1번출구 앞',
  nameEn: 'Mangwon Stn. Exit 1',
  district: 'MAPO',
  address: '월드컵로 72',
  position: { latitude: 37.5556488, longitude: 126.91062927 },
  racks: 15,
  openedDate: '2015-09-05T15:00:00.000Z',
} as const;

describe('the stations of a city', () => {
  let system: TestSystem;
  let operator: Client;
  const line = (number: number, said: Partial<OpenStationsLine> = {}): OpenStationsLine => ({
    number,
    ...mangwon,
    ...said,
  });
  const openAll = async (stations: OpenStationsLine[]) =>
    (await operator.request(OpenStationsDocument, { input: { stations } })).openStations.results;

  beforeAll(async () => {
    system = await startSystem();
    operator = await system.client('boss', 'operator');
  }, 240_000);
  afterAll(async () => {
    await checkInvariants(system);
    await system.close();
  }, 240_000);

  it('are opened, changed, closed and opened again by operators, and everybody sees them', async () => {
    const visitor = await system.client('10', 'rider');
    const { openStation } = await operator.request(OpenStationDocument, { input: { number: 102, ...mangwon } });
    const station = { stationId: 'ST-102', number: 102, ...mangwon, state: 'OPEN' };
    expect(openStation).toEqual({ station, refusal: null });
    const seen = async () => (await visitor.request(StationDocument, { stationId: 'ST-102' })).station;
    expect(await seen()).toEqual(station);

    const changes = { stationId: 'ST-102', racks: 22, nameEn: ' ', reason: 'new racks' };
    const { changeStation } = await operator.request(ChangeStationDocument, { input: changes });
    const changed = { ...station, racks: 22, nameEn: mangwon.nameKo };
    expect(changeStation).toEqual({ station: changed, refusal: null });
    const closing = { stationId: 'ST-102', reason: 'road works' };
    const { closeStation } = await operator.request(CloseStationDocument, { input: closing });
    expect(closeStation).toEqual({ station: { ...changed, state: 'CLOSED' }, refusal: null });
    expect(await seen()).toEqual({ ...changed, state: 'CLOSED' });
    await operator.request(OpenStationDocument, { input: { number: 102, ...mangwon } });
    expect(await seen()).toEqual(station);

    const { station: told } = await operator.request(StationHistoryDocument, { stationId: 'ST-102' });
    expect(told?.history.map(({ eventType, state, by, reason }) => [eventType, state, by, reason])).toEqual([
      ['StationOpened', 'OPEN', 'boss', null],
      ['StationClosed', 'CLOSED', 'boss', 'road works'],
      ['StationChanged', 'OPEN', 'boss', 'new racks'],
      ['StationOpened', 'OPEN', 'boss', null],
    ]);
    await expect(visitor.request(StationHistoryDocument, { stationId: 'ST-102' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('are not what no station can be', async () => {
    for (const stationId of ['ST-4711', 'ST-0', '102', 'ST-１', '']) {
      expect((await operator.request(StationDocument, { stationId })).station).toBeNull();
      const { closeStation } = await operator.request(CloseStationDocument, { input: { stationId } });
      expect(closeStation.refusal?.code).toBe('STATION_NOT_FOUND');
    }
  });

  it('have a number each, whoever is first, and the same key answers the same', async () => {
    const input = { number: 300, ...mangwon, idempotencyKey: randomUUID() };
    const asked = () => operator.request(OpenStationDocument, { input });
    const twice = await Promise.all([asked(), asked()]);
    expect(twice.map(({ openStation }) => openStation.refusal)).toEqual([null, null]);
    const another = { ...input, idempotencyKey: randomUUID(), nameKo: '다른 곳' };
    const { openStation } = await operator.request(OpenStationDocument, { input: another });
    expect(openStation.refusal?.code).toBe('STATION_NUMBER_TAKEN');
    expect(openStation.station?.nameKo).toBe(mangwon.nameKo);
    const { openStation: reused } = await operator.request(OpenStationDocument, { input: { ...input, racks: 1 } });
    expect(reused.refusal?.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('are changed by operators and admins only', async () => {
    for (const role of ['rider', 'auditor']) {
      const other = await system.client('other', role);
      const input = { number: 301, ...mangwon };
      await expect(other.request(OpenStationDocument, { input })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(other.request(CloseStationDocument, { input: { stationId: 'ST-300' } })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      });
    }
    const admin = await system.client('admin', 'admin');
    const { openStation } = await admin.request(OpenStationDocument, { input: { number: 301, ...mangwon } });
    expect(openStation.refusal).toBeNull();
  });

  it('are opened many at once, each line for itself', async () => {
    const results = await openAll([
      line(401),
      line(401),
      line(0),
      line(402, { nameKo: '　' }),
      line(403, { nameKo: '깨진\uFFFD이름' }),
      line(404, { position: { latitude: 126.91, longitude: 37.55 } }),
      line(405, { position: { latitude: 0, longitude: 0 } }),
      line(406, { racks: -1 }),
      line(407, { openedDate: '2015-02-30' }),
      line(408, { openedDate: '0015-09-06T00:00:00+09:00' }),
      line(409, { nameKo: '가'.repeat(1_001) }),
      line(410, { openedDate: null, nameEn: null, address: null }),
    ]);
    const told = results.map(({ station, refusal }) => refusal?.code ?? station?.stationId);
    // Lines of a call run at the same time: either of the same number may be first.
    expect(told.slice(0, 2).toSorted()).toEqual(['ST-401', 'STATION_NUMBER_TAKEN']);
    expect(told.slice(2)).toEqual([
      'INVALID_STATION_NUMBER',
      'INVALID_NAME',
      'INVALID_NAME',
      'INVALID_POSITION',
      'INVALID_POSITION',
      'INVALID_RACKS',
      'INVALID_DATE',
      'INVALID_DATE',
      'INVALID_LINE',
      'ST-410',
    ]);
    expect(results[5]?.refusal?.because).toBe('Latitude and longitude are swapped.');
    const changes = [
      { stationId: 'ST-401', racks: 7 },
      { stationId: 'ST-402', racks: 7 },
      { stationId: 'ST-410', openedDate: 'yesterday' },
    ];
    const { changeStations } = await operator.request(ChangeStationsDocument, { input: { changes } });
    expect(changeStations.results.map(({ station, refusal }) => refusal?.code ?? station?.stationId)).toEqual([
      'ST-401',
      'STATION_NOT_FOUND',
      'INVALID_DATE',
    ]);
  });

  it('are listed by number, page by page, and found by district and state', async () => {
    const numbers = Array.from({ length: 25 }, (_, index) => 900 - index);
    await openAll(numbers.map((number) => line(number, { district: 'GANGNAM' })));
    await operator.request(CloseStationDocument, { input: { stationId: 'ST-890' } });
    const found: number[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof ask>> = await ask(after);
      found.push(...page.nodes.map(({ number }) => number));
      expect(page.totalCount).toBe(24);
      after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
    } while (after);
    expect(found).toEqual(numbers.filter((number) => number !== 890).toSorted((one, other) => one - other));

    async function ask(place: string | null) {
      const filter = { district: 'GANGNAM', state: 'OPEN' } as const;
      return (await operator.request(StationsDocument, { filter, first: 10, after: place })).stations;
    }
  });

  it('of a whole city are imported from its file, once however often that is done', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stations-'));
    const file = join(folder, 'stations.csv');
    const city = seoul(createDice(1), 1_200).map((station) => ({ ...station, number: 10_000 + station.number }));
    const write = (racks: number) =>
      writeFile(
        file,
        [
          '대여소번호,보관소(대여소)명,자치구,상세주소,위도,경도,설치시기,LCD 거치대수,QR 거치대수',
          ...city.map(
            ({ number, nameKo, district, position }) =>
              `${number},${nameKo},${districts[district].ko},,${position.latitude},${position.longitude},20180928,${racks},`,
          ),
          '5,이름,마포구,,126.9,37.5,,15,',
        ].join('\n'),
      );
    const token = await system.token('boss', ['operator']);
    const run = async (...options: string[]) => {
      const lines: string[] = [];
      const argv = ['import-stations', file, '--url', system.routerUrl, ...options];
      return { ...(await runOps(argv, { TTAREUNGI_TOKEN: token }, (said) => lines.push(said))), lines };
    };
    try {
      await writeFile(file, '');
      expect(await run()).toMatchObject({
        exitCode: 64,
        err: `${file} is no file of stations: There is no station in the file.`,
      });
      await write(15);
      const dry = await run('--dry-run');
      expect(dry.out.split('\n')[0]).toBe('Would be: 1200 opened, 0 changed, 0 same, 1 turned down.');
      const first = await run();
      expect(first.out.split('\n')).toEqual([
        '1200 opened, 0 changed, 0 same, 1 turned down.',
        'line 1202: Latitude and longitude are swapped.',
      ]);
      expect(first.exitCode).toBe(1);
      expect(first.lines).toEqual(['500 of 1200 stations', '1000 of 1200 stations', '1200 of 1200 stations']);
      await operator.request(CloseStationDocument, { input: { stationId: 'ST-10001' } });
      expect((await run()).out.split('\n')[0]).toBe('0 opened, 0 changed, 1199 same, 2 turned down.');
      await write(16);
      expect((await run()).out.split('\n')[0]).toBe('0 opened, 1199 changed, 0 same, 2 turned down.');
      const { station } = await operator.request(StationDocument, { stationId: 'ST-10002' });
      expect(station).toMatchObject({ racks: 16, openedDate: '2018-09-27T15:00:00.000Z' });
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 120_000);

  it('have bikes brought to them as a file says, and told why not, once however often', async () => {
    await operator.request(OpenStationsDocument, { input: { stations: [line(901), line(902)] } });
    await operator.request(CloseStationDocument, { input: { stationId: 'ST-902' } });
    const [bikeId = 0, other = 0] = await registerBikes(system, 2);
    const folder = await mkdtemp(join(tmpdir(), 'moves-'));
    const file = join(folder, 'moves.csv');
    const token = await system.token('boss', ['operator']);
    const move = async (...options: string[]) => {
      const argv = ['move-bikes', file, '--url', system.routerUrl, '--reason', 'Festival', ...options];
      return (await runOps(argv, { TTAREUNGI_TOKEN: token }, () => undefined)).out.split('\n');
    };
    try {
      await writeFile(file, `자전거번호,대여소번호\n${bikeId},901\n${other},ST-902\nx,901\n`);
      const unread = 'line 4: "x" is no number of a bike.';
      expect(await move('--dry-run')).toEqual(['2 readable, 1 turned down.', unread]);
      // Reservation may not have heard of the bikes yet.
      await until(
        'one stands there',
        async () => (await move())[0] === '1 there, 2 turned down, 0 unknown, 0 not tried.',
      );
      expect(await move()).toEqual([
        '1 there, 2 turned down, 0 unknown, 0 not tried.',
        expect.stringMatching(/^line 3: STATION_CLOSED: /),
        unread,
      ]);
      const { bike } = await operator.request(BikePlaceDocument, { bikeId });
      expect(bike?.station?.stationId).toBe('ST-901');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
