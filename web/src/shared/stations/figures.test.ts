import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { districtsOf, figuresOf, figureUnder, groupsAt, place, radiusOf } from './figures.ts';
import { districtName, matching, type Situation, situationOf, type Station } from './places.ts';

function station(number: number, more: Partial<Station> = {}): Station {
  return {
    stationId: `ST-${number}`,
    number,
    nameKo: `대여소 ${number}`,
    nameEn: `Station ${number}`,
    district: 'MAPO',
    address: null,
    position: { latitude: 37.55, longitude: 126.9 + number / 1_000 },
    racks: 10,
    openedDate: null,
    state: 'OPEN',
    bikesParked: 4,
    bikesAvailable: 3,
    freeRacks: 6,
    ...more,
  };
}

const figuresAt = (stations: readonly Station[], scale: number) =>
  figuresOf(groupsAt(place(stations), scale), stations);

it('a district that only a newer server knows has its code as its name', () => {
  const other = 'SEJONG' as Station['district'];
  expect(districtName(other, 'ko')).toBe('SEJONG');
  expect(matching([station(1), station(2, { district: other })], 'sejong')).toHaveLength(1);
});

const near = 20_000_000;
const far = 100_000;

describe('a station', () => {
  const { bikesParked: _parked, bikesAvailable: _available, freeRacks: _free, ...uncounted } = station(1);
  const situations: [Situation, Station][] = [
    ['bikes', station(1)],
    ['empty', station(1, { bikesAvailable: 0 })],
    ['full', station(1, { freeRacks: 0 })],
    ['full', station(1, { freeRacks: -3, bikesAvailable: 0 })],
    ['closed', station(1, { state: 'CLOSED' })],
    ['unknown', uncounted],
  ];
  it.each(situations)('shows that it is %s', (situation, shown) => {
    expect(situationOf(shown)).toBe(situation);
  });

  const mangwon = station(102, { nameKo: '망원역 2번출구', nameEn: 'Mangwon Station', address: '월드컵로 72' });
  it.each(['망원', ' 망원역2번 ', 'MANGWON', 'ｍａｎｇｗｏｎ station', '102', '월드컵로', '마포', 'mapo-gu'])(
    'is found by %p',
    (text) => {
      expect(matching([mangwon, station(7, { district: 'JUNG' })], text)).toEqual([mangwon]);
    },
  );

  it('is not found by a part of its number: that would be half of the city', () => {
    expect(matching([station(102, { nameKo: '가', nameEn: 'A' })], '10')).toEqual([]);
  });
});

describe('the figures of a map', () => {
  it('stand for each station once, at every scale', () => {
    const anywhere = fc.record({
      latitude: fc.double({ min: 37.4, max: 37.7, noNaN: true }),
      longitude: fc.double({ min: 126.8, max: 127.2, noNaN: true }),
    });
    const scales = fc.double({ min: 80_000, max: 150_000_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(anywhere, { maxLength: 60 }), scales, (positions, scale) => {
        const stations = positions.map((position, index) => station(index + 1, { position }));
        const shown = figuresAt(stations, scale).flatMap((figure) => figure.stations);
        expect(shown.map(({ number }) => number).sort((one, other) => one - other)).toEqual(
          stations.map(({ number }) => number),
        );
      }),
    );
  });

  it('hide none of each other', () => {
    const scale = 2_000_000;
    const spots = fc.record({
      latitude: fc.double({ min: 37.55, max: 37.56, noNaN: true }),
      longitude: fc.double({ min: 126.9, max: 126.92, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(spots, { maxLength: 40 }), (positions) => {
        const figures = figuresAt(
          positions.map((position, index) => station(index + 1, { position })),
          scale,
        );
        figures.forEach((one, index) =>
          figures.slice(index + 1).forEach((other) => {
            const pixels = Math.hypot(one.at.x - other.at.x, one.at.y - other.at.y) * scale;
            expect(pixels).toBeGreaterThan(radiusOf(one) + radiusOf(other));
          }),
        );
      }),
    );
  });

  it('are groups from afar, and single stations from near', () => {
    const stations = [station(1), station(2), station(3)];
    expect(figuresAt(stations, far).map(({ stations, bikes }) => [stations.length, bikes])).toEqual([[3, 9]]);
    expect(figuresAt(stations, near).map(({ stations }) => stations.length)).toEqual([1, 1, 1]);
  });

  it('show of a group what helps most, and count no bike of a closed station', () => {
    const group = [station(1, { freeRacks: 0 }), station(2, { bikesAvailable: 0 }), station(3, { state: 'CLOSED' })];
    const [figure] = figuresAt(group, far);
    expect([figure?.situation, figure?.bikes]).toEqual(['empty', 3]);
  });

  it.each([near, far])(
    'follow what stands there, and are grouped anew only for another place or name (%p)',
    (scale) => {
      const before = [station(1), station(2)];
      const placed = place(before);
      const counted = [station(1), station(2, { racks: 5, bikesParked: 9, bikesAvailable: 8, freeRacks: -4 })];
      expect(place(counted, placed)).toBe(placed);
      const figures = figuresOf(groupsAt(placed, scale), counted);
      expect(figures).toEqual(figuresAt(counted, scale));
      expect(figures.flatMap(({ stations }) => stations)).toEqual(counted);
      const position = { latitude: 37.55, longitude: 127 };
      const others = [
        { position },
        { district: 'JUNG' },
        { nameKo: '역' },
        { nameEn: 'Stn.' },
        { address: '1' },
      ] as const;
      for (const other of others) {
        const moved = [station(1), station(2, other)];
        expect(place(moved, placed)).toEqual(place(moved));
      }
      expect(place([station(1)], placed)).toEqual(place([station(1)]));
      expect(place([station(1), station(3)], placed)).toEqual(place([station(1), station(3)]));
    },
  );

  it('are pressed with a finger beside them, and not from far off', () => {
    const figures = figuresAt([station(1)], near);
    const screenOf = () => ({ x: 100, y: 100 });
    expect(figureUnder(figures, { x: 115, y: 112 }, screenOf)?.stations[0]?.number).toBe(1);
    expect(figureUnder(figures, { x: 130, y: 112 }, screenOf)).toBeUndefined();
  });

  it('have the name of each district once', () => {
    const placed = place([station(1), station(2), station(3, { district: 'JUNG' })]);
    expect([...districtsOf(placed).keys()]).toEqual(['MAPO', 'JUNG']);
  });
});
