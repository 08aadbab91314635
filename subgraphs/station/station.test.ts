import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse, type EnumTypeDefinitionNode } from 'graphql';
import { districtNames, stationNumberIn } from '../../schema/places.ts';
import { stationEvents } from '../../schema/events/station.ts';
import type { NewEvent, StationEvent } from '../../schema/events/index.ts';
import { isRefusal } from '../../platform/event-core/decider.ts';
import { specificationOf } from '../../platform/event-core/specification.ts';
import { itDecides } from '../../test/support/decision-table.ts';
import { station, type Station, type StationCommand, type StationDetails } from './station.ts';

const at = '2026-11-23T09:00:00.000Z';
const { given } = specificationOf(station, at);

const details: StationDetails = {
  nameKo: '망원역 1번출구 앞',
  nameEn: 'Mangwon Stn. Exit 1',
  district: 'MAPO',
  address: '월드컵로 72',
  position: { latitude: 37.5556488, longitude: 126.91062927 },
  racks: 15,
  openedDate: '2015-09-05T15:00:00.000Z',
};
const named = { stationId: 'ST-102', number: 102 };
const open = (said: Partial<StationDetails> = {}, number = 102): StationCommand => ({
  type: 'OpenStation',
  number,
  ...details,
  ...said,
});
const change = (changes: Partial<StationDetails>, reason: string | null = null): StationCommand => ({
  type: 'ChangeStation',
  changes,
  reason,
});
const close: StationCommand = { type: 'CloseStation', reason: null };
const opened = (said: Partial<StationDetails> = {}): NewEvent<StationEvent> => ({
  type: 'StationOpened',
  data: { ...named, ...details, ...said, at },
});
const changed = (said: Partial<StationDetails>, reason: string | null = null): NewEvent<StationEvent> => ({
  type: 'StationChanged',
  data: { ...named, ...details, ...said, reason, changedAt: at },
});
const closed: NewEvent<StationEvent> = {
  type: 'StationClosed',
  data: { stationId: 'ST-102', reason: null, closedAt: at },
};

describe('a station', () => {
  it('opens with what is said of it, texts trimmed, blank ones null', () => {
    given().when(open()).then(opened());
    given()
      .when(open({ nameKo: '　망원역 1번출구 앞 ', nameEn: ' \t', address: '　' }))
      .then(opened({ nameEn: null, address: null }));
  });

  it('opens again after it closed, as it is said to be then', () => {
    given(opened(), closed)
      .when(open({ racks: 20 }))
      .then(opened({ racks: 20 }));
  });

  it('has a number from 1 to 999,999', () => {
    given()
      .when(open({}, 1))
      .then({ type: 'StationOpened', data: { stationId: 'ST-1', number: 1, ...details, at } });
    for (const number of [0, -1, 1.5, Number.NaN, 1_000_000])
      given().when(open({}, number)).refused('INVALID_STATION_NUMBER');
  });

  it('has a name of 1 to 100 characters without a broken one; other characters stay as they came', () => {
    for (const nameKo of ['가', '１０２．　망원역（１번출구）', '🚲'.repeat(100)]) {
      given().when(open({ nameKo })).then(opened({ nameKo }));
    }
    for (const nameKo of ['', ' 　', '가'.repeat(101), '망원\uFFFD 1번출구']) {
      given().when(open({ nameKo })).refused('INVALID_NAME');
    }
    for (const nameEn of ['a'.repeat(101), 'Mangwon \uFFFD']) given().when(open({ nameEn })).refused('INVALID_NAME');
  });

  it('has an address of at most 200 characters without a broken one', () => {
    const address = '가'.repeat(200);
    given().when(open({ address })).then(opened({ address }));
    for (const wrong of [`${address}가`, '월드컵로 \uFFFD']) {
      given()
        .when(open({ address: wrong }))
        .refused('INVALID_ADDRESS');
    }
  });

  it('has 0 to 1,000 racks', () => {
    for (const racks of [0, 1_000]) given().when(open({ racks })).then(opened({ racks }));
    for (const racks of [-1, 1_001, 1.5, Number.NaN]) given().when(open({ racks })).refused('INVALID_RACKS');
  });

  it.each([
    [33.1, 126.27, 'Marado'],
    [37.24, 131.87, 'Dokdo'],
    [38.6, 128.36, 'the northernmost point'],
    [37.97, 124.63, 'Baengnyeongdo'],
  ])('may stand at %d, %d (%s)', (latitude, longitude) => {
    const position = { latitude, longitude };
    given().when(open({ position })).then(opened({ position }));
  });

  it.each([
    [0, 0],
    [35.68, 139.69],
    [39.9, 116.4],
    [-37.5, 126.9],
    [37.5, -126.9],
    [Number.NaN, 126.9],
    [37.5, Number.NaN],
    [Number.POSITIVE_INFINITY, 126.9],
    [91, 181],
  ])('cannot stand at %d, %d', (latitude, longitude) => {
    given()
      .when(open({ position: { latitude, longitude } }))
      .refused('INVALID_POSITION');
  });

  it('is told when latitude and longitude are swapped, and only then', () => {
    const decide = (latitude: number, longitude: number) =>
      station.decide(open({ position: { latitude, longitude } }), station.initial, at);
    const swapped = { refused: 'INVALID_POSITION', because: 'Latitude and longitude are swapped.' };
    expect(decide(126.91, 37.55)).toEqual(swapped);
    expect(decide(126.91, 52)).not.toEqual(swapped);
    expect(decide(52, 37.55)).not.toEqual(swapped);
  });

  it('opened in 2000 at the earliest, in Seoul, and opens in a year at the latest, if that is known', () => {
    for (const openedDate of [null, '1999-12-31T15:00:00.000Z', '2027-11-23T09:00:00.000Z']) {
      given().when(open({ openedDate })).then(opened({ openedDate }));
    }
    for (const openedDate of ['0015-09-06T00:00:00.000Z', '1999-12-31T14:59:59.999Z', '2027-11-25T00:00:00.000Z']) {
      given().when(open({ openedDate })).refused('INVALID_DATE');
    }
  });

  it('changes what is given and keeps the rest, also while it is closed', () => {
    given(opened())
      .when(change({ racks: 22, nameEn: '' }, 'new racks'))
      .then(changed({ racks: 22, nameEn: null }, 'new racks'));
    const position = { latitude: 37.55, longitude: 126.91 };
    given(opened(), changed({ racks: 22 }), closed)
      .when(change({ position }))
      .then(changed({ racks: 22, position }));
  });

  it('is closed until it opens again, whatever changes meanwhile', () => {
    const state = [opened(), closed, changed({ racks: 1 })].reduce<Station>(station.evolve, station.initial);
    expect(state).toEqual({ status: 'known', ...named, ...details, racks: 1, state: 'CLOSED' });
    expect(station.evolve(state, opened())).toMatchObject({ state: 'OPEN', racks: 15 });
  });

  it('that was never opened can neither change nor close', () => {
    for (const event of [changed({ racks: 1 }), closed])
      expect(station.evolve(station.initial, event)).toEqual(station.initial);
  });

  // Consumers park an event that breaks its contract: the contract must accept what the rules accept.
  it('of the longest texts is an event that its own contract takes', () => {
    const said = { nameKo: '🚲'.repeat(100), nameEn: '🚲'.repeat(100), address: '🚲'.repeat(200), racks: 1_000 };
    const decision = station.decide(open(said, 999_999), station.initial, at);
    const event = isRefusal(decision) ? undefined : decision[0];
    expect(stationEvents.StationOpened.safeParse(event?.data).success).toBe(true);
  });

  it('has an id of its number, and no other', () => {
    expect(stationNumberIn('ST-102')).toBe(102);
    for (const id of ['', '102', 'ST-', 'ST-0', 'ST-0102', 'st-102', 'ST-1000000', 'ST-１０２', ' ST-1', 'ST-1\n']) {
      expect(stationNumberIn(id)).toBeUndefined();
    }
  });
});

describe('the districts', () => {
  it('of the graph are the 25 that events know', () => {
    const sdl = parse(readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8'));
    const isDistrict = (node: { kind: string; name?: { value: string } }) => node.name?.value === 'District';
    const { values = [] } = sdl.definitions.find(isDistrict) as EnumTypeDefinitionNode;
    expect(values.map(({ name }) => name.value)).toEqual(districtNames);
    expect(districtNames).toHaveLength(25);
  });
});

type Situation = 'unknown' | 'open' | 'closed' | 'open again';

describe('a station decides on', () => {
  itDecides<Station, StationCommand, NewEvent<StationEvent>, Situation, string>({
    decider: station,
    situations: {
      unknown: [],
      open: [opened()],
      closed: [opened(), closed],
      'open again': [opened(), closed, opened()],
    },
    commands: {
      OpenStation: { command: open(), at },
      'OpenStation without a name': { command: open({ nameKo: ' ' }), at },
      'ChangeStation to another': { command: change({ racks: 3 }), at },
      'ChangeStation to the same': {
        command: change({ nameKo: ' 망원역 1번출구 앞', position: { ...details.position } }),
        at,
      },
      'ChangeStation to nonsense': { command: change({ racks: -1 }), at },
      CloseStation: { command: close, at },
    },
    outcomes: {
      OpenStation: { StationOpened: ['unknown', 'closed'], STATION_NUMBER_TAKEN: ['open', 'open again'] },
      'OpenStation without a name': {
        INVALID_NAME: ['unknown', 'closed'],
        STATION_NUMBER_TAKEN: ['open', 'open again'],
      },
      'ChangeStation to another': {
        STATION_NOT_FOUND: ['unknown'],
        StationChanged: ['open', 'closed', 'open again'],
      },
      'ChangeStation to the same': { STATION_NOT_FOUND: ['unknown'], nothing: ['open', 'closed', 'open again'] },
      'ChangeStation to nonsense': {
        STATION_NOT_FOUND: ['unknown'],
        INVALID_RACKS: ['open', 'closed', 'open again'],
      },
      CloseStation: {
        STATION_NOT_FOUND: ['unknown'],
        nothing: ['closed'],
        StationClosed: ['open', 'open again'],
      },
    },
  });
});
