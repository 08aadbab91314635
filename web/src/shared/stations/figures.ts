/** What a map draws for its stations: one figure for each, or for several that would hide one another. */
import type { District } from '../../../../schema/places.ts';
import { type Situation, situationOf, type Station } from './places.ts';
import { type Point, scaleAt, toWorld } from './view.ts';

/** Of a station what stays while bikes come and go. */
export type Named = Omit<Station, 'state' | 'racks' | 'bikesParked' | 'bikesAvailable' | 'freeRacks'>;

export interface Placed {
  station: Named;
  /** On the projected world. */
  at: Point;
}

/** What is drawn as one figure, whatever stands there. */
export interface Group {
  at: Point;
  /** Their places in the list of all. */
  members: readonly number[];
  /** It stands for all of a district. */
  district?: District;
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

/** Where stations stand, in their order; the same list as before where only their counts are others. */
export function place(stations: readonly Station[], before: readonly Placed[] = []): readonly Placed[] {
  const stay =
    stations.length === before.length && before.every(({ station }, index) => isSameBut(station, stations[index]));
  return stay ? before : stations.map((station) => ({ station, at: toWorld(station.position) }));
}

/** Whether nothing but the counts of a station differs. */
function isSameBut(one: Named, other: Named | undefined): boolean {
  return (
    one.stationId === other?.stationId &&
    one.position.latitude === other.position.latitude &&
    one.position.longitude === other.position.longitude &&
    one.district === other.district &&
    one.nameKo === other.nameKo &&
    one.nameEn === other.nameEn &&
    one.address === other.address
  );
}

/** From farther, all of Seoul on a screen, a figure stands for a district. */
const districtScale = scaleAt(35);

/**
 * What makes one figure at a scale; the same wherever the map is moved. From near, a station joins the first group that is
 * near, in the order of numbers: a station whose bikes change stays in its group.
 */
export function groupsAt(placed: readonly Placed[], scale: number): readonly Group[] {
  if (scale < districtScale)
    return [...byDistrict(placed)].map(([district, members]) => ({ at: middleOf(members, placed), members, district }));
  const cell = apart / scale;
  // Where its first station stands: groups are so far apart as these are, and their middles might not be.
  const groups: { at: Point; members: number[] }[] = [];
  const groupsIn = new Map<string, typeof groups>();
  placed.forEach(({ at }, index) => {
    const column = Math.floor(at.x / cell);
    const row = Math.floor(at.y / cell);
    const near = nearest(at, cell, column, row, groupsIn);
    if (near) {
      near.members.push(index);
      return;
    }
    const group = { at, members: [index] };
    groups.push(group);
    const key = `${column} ${row}`;
    const others = groupsIn.get(key);
    if (others) others.push(group);
    else groupsIn.set(key, [group]);
  });
  return groups;
}

function nearest<One extends Group>(
  at: Point,
  within: number,
  column: number,
  row: number,
  groupsIn: ReadonlyMap<string, readonly One[]>,
): One | undefined {
  let found: One | undefined;
  let least = within;
  for (let x = column - 1; x <= column + 1; x++)
    for (let y = row - 1; y <= row + 1; y++)
      for (const group of groupsIn.get(`${x} ${y}`) ?? []) {
        const distance = Math.hypot(group.at.x - at.x, group.at.y - at.y);
        if (distance >= least) continue;
        least = distance;
        found = group;
      }
  return found;
}

/** The figures of groups, as their stations are now. @param all the stations that were grouped, in the same order. */
export function figuresOf(groups: readonly Group[], all: readonly Station[]): readonly Figure[] {
  return groups.map(({ at, members, district }) => {
    const stations = members.flatMap((index) => all[index] ?? []);
    const bikes = stations.reduce(
      (sum, { bikesAvailable, state }) => sum + (state === 'OPEN' ? (bikesAvailable ?? 0) : 0),
      0,
    );
    return { at, stations, situation: situationOfAll(stations), bikes, ...(district && { district }) };
  });
}

function middleOf(members: readonly number[], placed: readonly Placed[]): Point {
  let [x, y] = [0, 0];
  for (const index of members) {
    x += placed[index]?.at.x ?? 0;
    y += placed[index]?.at.y ?? 0;
  }
  return { x: x / members.length, y: y / members.length };
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

function byDistrict(placed: readonly Placed[]): ReadonlyMap<District, number[]> {
  const groups = new Map<District, number[]>();
  placed.forEach(({ station }, index) => {
    const group = groups.get(station.district);
    if (group) group.push(index);
    else groups.set(station.district, [index]);
  });
  return groups;
}

/** Where the name of a district stands: in the middle of its stations. */
export function districtsOf(placed: readonly Placed[]): ReadonlyMap<District, Point> {
  return new Map([...byDistrict(placed)].map(([district, members]) => [district, middleOf(members, placed)]));
}
