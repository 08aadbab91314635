/** What a map draws for its stations: one figure for each, or for several that would hide one another. */
import type { District } from '../../../../schema/places.ts';
import { type Situation, situationOf, type Station } from './places.ts';
import { type Point, scaleAt, toWorld } from './view.ts';

export interface Placed {
  station: Station;
  /** On the projected world. */
  at: Point;
}

export interface Figure {
  at: Point;
  stations: readonly Station[];
  situation: Situation;
  /** Bikes that can be reserved. */
  bikes: number;
  /** It stands for all of a district. */
  district?: District;
}

/** In pixels: a finger is that wide. */
const stationRadius = 15;
const groupRadius = 18;
/** Smaller: on a phone, districts are no farther apart. */
const districtRadius = 13;
/** Two groups with the rings around them. */
const apart = 2 * (groupRadius + 4);
/** How far beside a figure a finger may land. */
const slack = 7;

export function radiusOf({ stations, district }: Figure): number {
  if (district) return districtRadius;
  return stations.length > 1 ? groupRadius : stationRadius;
}

export const place = (stations: readonly Station[]): readonly Placed[] =>
  stations.map((station) => ({ station, at: toWorld(station.position) }));

/** From farther, all of Seoul on a screen, a figure stands for a district. */
const districtScale = scaleAt(35);

/**
 * The figures at a scale; the same wherever the map is moved. From near, a station joins the first group that is near, in the
 * order of numbers: a station whose bikes change stays in its group.
 */
export function figuresAt(placed: readonly Placed[], scale: number): readonly Figure[] {
  if (scale < districtScale)
    return [...byDistrict(placed)].map(([district, group]) => ({
      ...figureOf(group, middleOf(group.map(({ at }) => at))),
      district,
    }));
  const cell = apart / scale;
  const groups: Placed[][] = [];
  const groupsIn = new Map<string, Placed[][]>();
  for (const each of placed) {
    const column = Math.floor(each.at.x / cell);
    const row = Math.floor(each.at.y / cell);
    const near = nearest(each.at, cell, column, row, groupsIn);
    if (near) near.push(each);
    else {
      const group = [each];
      groups.push(group);
      const key = `${column} ${row}`;
      const others = groupsIn.get(key);
      if (others) others.push(group);
      else groupsIn.set(key, [group]);
    }
  }
  // Where its first station stands: groups are so far apart as these are, and their middles might not be.
  return groups.flatMap(([first, ...others]) => (first ? [figureOf([first, ...others], first.at)] : []));
}

function nearest(at: Point, within: number, column: number, row: number, groupsIn: Map<string, Placed[][]>) {
  let found: Placed[] | undefined;
  let least = within;
  for (let x = column - 1; x <= column + 1; x++)
    for (let y = row - 1; y <= row + 1; y++)
      for (const group of groupsIn.get(`${x} ${y}`) ?? []) {
        const first = group[0]?.at ?? at;
        const distance = Math.hypot(first.x - at.x, first.y - at.y);
        if (distance >= least) continue;
        least = distance;
        found = group;
      }
  return found;
}

function figureOf(group: readonly Placed[], at: Point): Figure {
  const stations = group.map(({ station }) => station);
  const bikes = stations.reduce(
    (sum, { bikesAvailable, state }) => sum + (state === 'OPEN' ? (bikesAvailable ?? 0) : 0),
    0,
  );
  return { at, stations, situation: situationOfAll(stations), bikes };
}

function middleOf(points: readonly Point[]): Point {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** Of a group what helps most: a bike somewhere, else a free rack. */
function situationOfAll(stations: readonly Station[]): Situation {
  const situations = new Set(stations.map(situationOf));
  const order = ['bikes', 'empty', 'full', 'unknown', 'closed'] as const;
  return order.find((situation) => situations.has(situation)) ?? 'unknown';
}

/** The figure under a finger, the uppermost first. */
export function figureUnder(
  figures: readonly Figure[],
  at: Point,
  screenOf: (point: Point) => Point,
): Figure | undefined {
  return figures.findLast((figure) => {
    const { x, y } = screenOf(figure.at);
    return Math.hypot(x - at.x, y - at.y) <= radiusOf(figure) + slack;
  });
}

function byDistrict(placed: readonly Placed[]): ReadonlyMap<District, Placed[]> {
  const groups = new Map<District, Placed[]>();
  for (const each of placed) {
    const group = groups.get(each.station.district);
    if (group) group.push(each);
    else groups.set(each.station.district, [each]);
  }
  return groups;
}

/** Where the name of a district stands: in the middle of its stations. */
export function districtsOf(placed: readonly Placed[]): ReadonlyMap<District, Point> {
  return new Map([...byDistrict(placed)].map(([district, group]) => [district, middleOf(group.map(({ at }) => at))]));
}
