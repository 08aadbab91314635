import { describe, expect, it } from '@jest/globals';
import { districtNames, metersBetween, whyNotThere } from '../../schema/places.ts';
import { createDice } from './dice.ts';
import { districtLayout, seoul, stationsInSeoul } from './seoul.ts';

const city = seoul(createDice(7));
const districts = districtNames.map((name) => {
  const [latitude, longitude, area, share] = districtLayout[name];
  const middle = { latitude, longitude };
  const stations = city.filter(({ district }) => district === name);
  const away = stations.map(({ position }) => metersBetween(middle, position) / 1_000);
  return { area, share, stations: stations.length, away, radius: Math.sqrt(area / Math.PI) };
});
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
      expect(Math.abs(stations - (share * 2_800) / all)).toBeLessThanOrEqual(1);
    }
  });

  it('are in Korea, within reach of their district, and evenly over it', () => {
    expect(city.flatMap(({ position }) => whyNotThere(position) ?? [])).toEqual([]);
    // Evenly over a circle, half lie within the half of its area.
    const within = (part: number) =>
      sumOf(districts.map(({ away, radius }) => away.filter((km) => km <= radius * Math.sqrt(part)).length)) / 2_800;
    // A degree is rounded, and the earth is: by less than a hundredth.
    expect(within(1.01 ** 2)).toBe(1);
    for (const part of [0.25, 0.5, 0.75]) expect(Math.abs(within(part) - part)).toBeLessThan(0.04);
  });

  it('are about as dense as in the city of 605 km²', () => {
    expect(Math.abs(sumOf(districts.map(({ area }) => area)) - 605)).toBeLessThan(3);
    const densities = districts.map(({ stations, area }) => stations / area);
    expect(Math.min(...densities)).toBeGreaterThan(2);
    expect(Math.max(...densities)).toBeLessThan(8);
  });

  it('are the same for the same dice, others for others, and fewer where fewer are asked for', () => {
    expect(seoul(createDice(7))).toEqual(city);
    expect(seoul(createDice(8))).not.toEqual(city);
    expect(seoul(createDice(7), 100)).toHaveLength(100);
  });
});
