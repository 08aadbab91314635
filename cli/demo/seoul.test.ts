import { describe, expect, it } from '@jest/globals';
import { districtNames, metersBetween, type Position, whyNotThere } from '../../schema/places.ts';
import { createDice } from './dice.ts';
import { districtLayout, seoul, stationsInSeoul } from './seoul.ts';

const city = seoul(createDice(7));
const districts = districtNames.map((name) => {
  const [latitude, longitude, area, share] = districtLayout[name];
  const stations = city.filter(({ district }) => district === name);
  return { name, middle: { latitude, longitude }, area, share, stations, radius: Math.sqrt(area / Math.PI) };
});
/** In kilometers. */
const away = ({ middle }: (typeof districts)[number], position: Position) => metersBetween(middle, position) / 1_000;
/** Of a place in the city; null outside of it. */
const districtAt = (position: Position) => {
  const depth = (district: (typeof districts)[number]) => away(district, position) ** 2 - district.radius ** 2;
  const closest = districts.reduce((one, other) => (depth(other) < depth(one) ? other : one));
  return away(closest, position) <= closest.radius * 1.12 ? closest : null;
};
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

describe('the stations of Seoul', () => {
  it('are 2,800 in 25 districts, each with a number and names of its own', () => {
    expect(stationsInSeoul).toBe(2_800);
    expect(city).toHaveLength(2_800);
    expect(districts).toHaveLength(25);
    for (const unique of ['number', 'nameKo', 'nameEn'] as const) {
      expect(new Set(city.map((station) => station[unique])).size).toBe(2_800);
    }
    expect(city.filter(({ racks }) => racks < 5 || racks > 27)).toEqual([]);
  });

  it('are as many in each district as it has of all', () => {
    const all = sumOf(districts.map(({ share }) => share));
    for (const { share, stations } of districts) {
      expect(Math.abs(stations.length - (share * 2_800) / all)).toBeLessThanOrEqual(1);
    }
  });

  it('are in Korea, each where no other district is closer', () => {
    expect(city.flatMap(({ position }) => whyNotThere(position) ?? [])).toEqual([]);
    const strays = city.filter(({ position, district }) => districtAt(position)?.name !== district);
    // At a border, or at the edge: a degree is rounded, and the earth is.
    expect(strays.length).toBeLessThan(10);
  });

  it('are evenly over all of a district, which together are as large as the city', () => {
    const ground = [];
    for (let latitude = 37.4; latitude < 37.72; latitude += 1 / 222.4)
      for (let longitude = 126.75; longitude < 127.2; longitude += 1 / 176.4) ground.push({ latitude, longitude });
    const grounds = ground.flatMap((position) => ({ position, district: districtAt(position) }));
    const inside = grounds.filter(({ district }) => district !== null);
    // Four to a square kilometer.
    expect(Math.abs(inside.length / 4 - 605)).toBeLessThan(15);
    for (const district of districts) {
      const own = inside.filter((place) => place.district === district).map(({ position }) => position);
      const north = (places: readonly Position[]) =>
        places.filter(({ latitude }) => latitude > district.middle.latitude).length / places.length;
      const near = (places: readonly Position[]) =>
        places.filter((place) => away(district, place) < district.radius * 0.7).length / places.length;
      const stations = district.stations.map(({ position }) => position);
      expect(Math.abs(north(stations) - north(own))).toBeLessThan(0.2);
      expect(Math.abs(near(stations) - near(own))).toBeLessThan(0.2);
    }
  });

  it('are about as dense as in the city of 605 km²', () => {
    expect(Math.abs(sumOf(districts.map(({ area }) => area)) - 605)).toBeLessThan(3);
    const densities = districts.map(({ stations, area }) => stations.length / area);
    expect(Math.min(...densities)).toBeGreaterThan(2);
    expect(Math.max(...densities)).toBeLessThan(8);
  });

  it('are the same for the same dice, others for others, and fewer where fewer are asked for', () => {
    expect(seoul(createDice(7))).toEqual(city);
    expect(seoul(createDice(8))).not.toEqual(city);
    expect(seoul(createDice(7), 100)).toHaveLength(100);
  });
});
