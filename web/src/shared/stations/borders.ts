/**
 * Where one district ends and the next begins, as far as stations tell: where the nearest station is of another district.
 * It shows where one is, as the river does, and nothing can be measured by it.
 */
import Delaunator from 'delaunator';
import type { Placed } from './figures.ts';
import { pixelsOf, type Point } from './view.ts';

/** A line on the projected world, of two points or more; one all around a district ends where it begins. */
export type Border = readonly Point[];

/** Farther from a station nobody says whose ground it is: hills, or another city. */
export const reachMeters = 1_500;

/** Where parts of borders end; three stations are as near there, or stations get too far. */
interface End extends Point {
  parts: Part[];
}

type Part = readonly [End, End];

/** Longest lines, so that they can be drawn with bends. */
export function bordersOf(placed: readonly Placed[]): readonly Border[] {
  const parts = partsOf(placed);
  const left = new Set(parts);
  const lines: Border[] = [];
  const follow = (part: Part, from: End) => {
    const line = [from];
    let [next, at]: [Part | undefined, End] = [part, from];
    while (next) {
      left.delete(next);
      at = next[0] === at ? next[1] : next[0];
      line.push(at);
      next = isBend(at) ? at.parts.find((other) => left.has(other)) : undefined;
    }
    lines.push(line);
  };
  for (const part of parts) for (const end of part) if (left.has(part) && !isBend(end)) follow(part, end);
  // What is left runs around a district and meets no other line.
  for (const part of parts) if (left.has(part)) follow(part, part[0]);
  return lines;
}

const isBend = ({ parts }: End) => parts.length === 2;

/** The edges of a Voronoi diagram that lie between two districts, as far as stations reach. */
function partsOf(placed: readonly Placed[]): readonly Part[] {
  // Of stations at the same place it takes one.
  const { triangles, halfedges, hull } = new Delaunator(placed.flatMap(({ at }) => [at.x, at.y]));
  const start = (edge: number) => placed[triangles[edge] ?? -1];
  const middles: End[] = [];
  for (let edge = 0; edge < triangles.length; edge += 3) {
    const [one, other, third] = [start(edge), start(edge + 1), start(edge + 2)];
    if (one && other && third) middles.push({ ...equallyFar(one.at, other.at, third.at), parts: [] });
  }
  const middleOf = (edge: number) => middles[Math.floor(edge / 3)];
  const parts: Part[] = [];
  const add = (one: Placed | undefined, other: Placed | undefined, inner?: End, outer?: End) => {
    if (!one || !other || one.station.district === other.station.district) return;
    const part = partBetween(one, other, inner, outer);
    if (!part) return;
    parts.push(part);
    for (const end of part) end.parts.push(part);
  };
  // An edge is in the list once for each of its triangles, an outer one only once.
  halfedges.forEach((twin, edge) => {
    if (twin < edge) add(start(edge), start(edge % 3 === 2 ? edge - 2 : edge + 1), middleOf(edge), middleOf(twin));
  });
  // Stations in a row make no triangle.
  if (triangles.length === 0) hull.forEach((index, place) => add(placed[index], placed[hull[place + 1] ?? -1]));
  return parts;
}

/**
 * What is as near to one station as to the other, and to none nearer; null where that is too far from them.
 * @param inner of the triangle to the left of the way from one to the other, `outer` of that to the right, if there are.
 */
function partBetween(one: Placed, other: Placed, inner?: End, outer?: End): Part | null {
  const [dx, dy] = [other.at.x - one.at.x, other.at.y - one.at.y];
  const length = Math.hypot(dx, dy);
  const middle = { x: one.at.x + dx / 2, y: one.at.y + dy / 2 };
  const along = ({ x, y }: Point) => ((x - middle.x) * dy - (y - middle.y) * dx) / length;
  const reach = pixelsOf(reachMeters, one.station.position.latitude, { center: one.at, scale: 1 });
  const most = Math.sqrt(reach ** 2 - (length / 2) ** 2);
  const [from, to] = [outer ? along(outer) : -Infinity, inner ? along(inner) : Infinity];
  // Not a number where both are too far from each other.
  if (!(from <= most && to >= -most)) return null;
  const endAt = (far: number): End => ({
    x: middle.x + (far * dy) / length,
    y: middle.y - (far * dx) / length,
    parts: [],
  });
  return [outer && from >= -most ? outer : endAt(-most), inner && to <= most ? inner : endAt(most)];
}

/** The middle of the circle through three points; not a number where they are in a row. */
function equallyFar(one: Point, other: Point, third: Point): Point {
  // From the first on, since they are close to each other and far from 0.
  const [bx, by, cx, cy] = [other.x - one.x, other.y - one.y, third.x - one.x, third.y - one.y];
  const [squareB, squareC] = [bx ** 2 + by ** 2, cx ** 2 + cy ** 2];
  const double = 2 * (bx * cy - by * cx);
  return { x: one.x + (cy * squareB - by * squareC) / double, y: one.y + (bx * squareC - cx * squareB) / double };
}
