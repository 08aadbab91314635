/** What part of the world a map shows, and where on the screen things are (Web Mercator). It needs no library. */
import type { Position } from '../../../../schema/places.ts';

/** On the screen in pixels, or on the projected world, whose width is 1. */
export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface View {
  /** In the middle of the screen. */
  center: Point;
  /** Pixels per width of the world. */
  scale: number;
}

const equatorMeters = 40_075_017;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Around Seoul's latitude, from 400 meters a pixel, all of Korea on a phone, to 20 centimeters, a single street. */
export const scaleAt = (metersPerPixel: number) => (equatorMeters * Math.cos(radians(37.5))) / metersPerPixel;
const leastScale = scaleAt(400);
const mostScale = scaleAt(0.2);
/** A map of one station shows its neighbourhood. */
const closestFit = scaleAt(2.5);

export function toWorld({ latitude, longitude }: Position): Point {
  const sine = Math.sin(radians(latitude));
  return { x: longitude / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
}

export function toPosition({ x, y }: Point): Position {
  const latitude = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  return { latitude, longitude: (x - 0.5) * 360 };
}

export function toScreen({ center, scale }: View, { width, height }: Size, { x, y }: Point): Point {
  return { x: (x - center.x) * scale + width / 2, y: (y - center.y) * scale + height / 2 };
}

function fromScreen({ center, scale }: View, { width, height }: Size, { x, y }: Point): Point {
  return { x: center.x + (x - width / 2) / scale, y: center.y + (y - height / 2) / scale };
}

const corners = [toWorld({ latitude: 39, longitude: 124 }), toWorld({ latitude: 33, longitude: 132 })] as const;
const between = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** Nobody loses the way: the middle stays in Korea. */
function bounded({ center, scale }: View): View {
  const [northWest, southEast] = corners;
  return {
    center: { x: between(center.x, northWest.x, southEast.x), y: between(center.y, northWest.y, southEast.y) },
    scale: between(scale, leastScale, mostScale),
  };
}

/** All of these points, with a margin in pixels; or, too far apart for that, what is around the one in their midst. */
export function fit(points: readonly Point[], { width, height }: Size, margin: number): View {
  let [west, east, north, south] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    west = Math.min(west, x);
    east = Math.max(east, x);
    north = Math.min(north, y);
    south = Math.max(south, y);
  }
  if (points.length === 0)
    return bounded({ center: toWorld({ latitude: 37.55, longitude: 126.99 }), scale: scaleAt(60) });
  const scale = Math.min(
    Math.max(1, width - 2 * margin) / (east - west),
    Math.max(1, height - 2 * margin) / (south - north),
    closestFit,
  );
  // A single station far away must not leave the map empty for everybody.
  const center = scale < leastScale ? amid(points) : { x: (west + east) / 2, y: (north + south) / 2 };
  return bounded({ center, scale });
}

/** The point that is closest to the median of all. @param points at least one. */
function amid(points: readonly Point[]): Point {
  const median = (values: number[]) => values.sort((one, other) => one - other)[values.length >> 1] ?? 0;
  const [x, y] = [median(points.map((point) => point.x)), median(points.map((point) => point.y))];
  const away = (point: Point) => Math.hypot(point.x - x, point.y - y);
  return points.reduce((closest, point) => (away(point) < away(closest) ? point : closest));
}

/** Drags the world under the screen by so many pixels. */
export function moved({ center, scale }: View, dx: number, dy: number): View {
  return bounded({ center: { x: center.x - dx / scale, y: center.y - dy / scale }, scale });
}

/** Nearer or farther; what is at this place of the screen stays there. */
export function zoomed(view: View, size: Size, at: Point, factor: number): View {
  const scale = between(view.scale * factor, leastScale, mostScale);
  const fixed = fromScreen(view, size, at);
  return bounded({
    center: { x: fixed.x - (at.x - size.width / 2) / scale, y: fixed.y - (at.y - size.height / 2) / scale },
    scale,
  });
}

/** With this point in the middle, near enough to tell stations apart. */
export function closeTo(center: Point, view: View): View {
  return bounded({ center, scale: Math.max(view.scale, closestFit) });
}

export const canZoomIn = ({ scale }: View) => scale < mostScale;

export function isIn(view: View, size: Size, point: Point): boolean {
  const { x, y } = toScreen(view, size, point);
  return x >= 0 && x <= size.width && y >= 0 && y <= size.height;
}

/** How many pixels a length on the ground is, at a latitude. */
export function pixelsOf(meters: number, latitude: number, { scale }: View): number {
  return (meters * scale) / (equatorMeters * Math.cos(radians(latitude)));
}
