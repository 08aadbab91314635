/** Paints a map on a canvas. */
import type { District } from '../../../../schema/places.ts';
import type { Border } from './borders.ts';
import { type Figure, radiusOf } from './figures.ts';
import { river, riverWidthMeters } from './river.ts';
import { pixelsOf, type Point, type Size, toScreen, toWorld, type View } from './view.ts';

export interface Scene {
  view: View;
  size: Size;
  figures: readonly Figure[];
  /** The names of districts, and where they stand. */
  labels: readonly (readonly [District, string, Point])[];
  /** Between districts. */
  borders: readonly Border[];
  chosen: Point | null;
  /** Where the person is. */
  here: Point | null;
  colors: Colors;
  font: string;
}

const tokens = [
  'brand-fill',
  'on-brand',
  'surface',
  'soft-ink',
  'ink',
  'line',
  'rejected',
  'water',
  'reserved',
  'sunk',
] as const;
type Colors = Record<(typeof tokens)[number], string>;

/** The page's colors as they are now: a canvas knows no variables, and no `light-dark()`. */
export function colorsFor(element: HTMLElement): Colors {
  const colors = {} as Colors;
  for (const token of tokens) {
    element.style.color = `var(--${token})`;
    colors[token] = getComputedStyle(element).color;
  }
  element.style.color = '';
  return colors;
}

const course = river.map(toWorld);
const fullTurn = 2 * Math.PI;

export function draw(context: CanvasRenderingContext2D, scene: Scene): void {
  const { size, view, colors } = scene;
  const at = (point: Point) => toScreen(view, size, point);
  context.clearRect(0, 0, size.width, size.height);
  drawRiver(context, scene);
  drawBorders(context, scene);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const inSight = scene.figures
    .map((figure) => ({ figure, ...at(figure.at) }))
    .filter(({ x, y }) => x > -40 && y > -40 && x < size.width + 40 && y < size.height + 40);
  for (const { figure, x, y } of inSight) drawFigure(context, figure, x, y, scene);
  drawNames(context, inSight, scene);
  if (scene.chosen) {
    const { x, y } = at(scene.chosen);
    context.strokeStyle = colors.ink;
    context.lineWidth = 3;
    context.beginPath();
    context.arc(x, y, 23, 0, fullTurn);
    context.stroke();
  }
  if (scene.here) drawHere(context, at(scene.here), colors);
}

function drawRiver(context: CanvasRenderingContext2D, { view, size, colors }: Scene): void {
  context.strokeStyle = colors.water;
  context.lineWidth = Math.max(3, pixelsOf(riverWidthMeters, 37.53, view));
  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.beginPath();
  bend(
    context,
    course.map((point) => toScreen(view, size, point)),
  );
  context.stroke();
}

function drawBorders(context: CanvasRenderingContext2D, { borders, view, size, colors }: Scene): void {
  context.strokeStyle = colors['soft-ink'];
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.beginPath();
  for (const border of borders) {
    const points = border.map((point) => toScreen(view, size, point));
    if (crosses(points, size)) bend(context, points);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** Whether some of a line may be in sight: near by, most are not, and painting them takes longer than to find out. */
function crosses(points: readonly Point[], { width, height }: Size): boolean {
  const isBeside = (is: (point: Point) => boolean) => points.every(is);
  return !(
    isBeside(({ x }) => x < 0) ||
    isBeside(({ x }) => x > width) ||
    isBeside(({ y }) => y < 0) ||
    isBeside(({ y }) => y > height)
  );
}

/** A line through the middles of its parts, so that it bends like water. */
function bend(context: CanvasRenderingContext2D, [first, ...rest]: readonly Point[]): void {
  if (!first) return;
  context.moveTo(first.x, first.y);
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    if (next) context.quadraticCurveTo(point.x, point.y, (point.x + next.x) / 2, (point.y + next.y) / 2);
    else context.lineTo(point.x, point.y);
  });
}

/** Each situation has a shape of its own: its color is never the only sign. */
function drawFigure(
  context: CanvasRenderingContext2D,
  figure: Figure,
  x: number,
  y: number,
  { colors, font }: Scene,
): void {
  const radius = radiusOf(figure);
  const { situation, stations, bikes } = figure;
  const isFilled = situation === 'bikes' || situation === 'full';
  const tone = {
    bikes: 'brand-fill',
    full: 'rejected',
    empty: 'soft-ink',
    closed: 'soft-ink',
    unknown: 'soft-ink',
  } as const;
  context.beginPath();
  if (situation === 'full') context.roundRect(x - radius, y - radius, 2 * radius, 2 * radius, 5);
  else context.arc(x, y, radius, 0, fullTurn);
  context.fillStyle = isFilled ? colors[tone[situation]] : colors.surface;
  context.strokeStyle = isFilled ? colors.surface : colors[tone[situation]];
  context.lineWidth = 2;
  context.setLineDash(situation === 'closed' ? [4, 3] : []);
  context.fill();
  context.stroke();
  context.setLineDash([]);
  if (stations.length > 1 || figure.district) {
    // A ring around a group.
    context.beginPath();
    if (situation === 'full') context.roundRect(x - radius - 3, y - radius - 3, 2 * radius + 6, 2 * radius + 6, 8);
    else context.arc(x, y, radius + 3, 0, fullTurn);
    context.strokeStyle = colors[tone[situation]];
    context.lineWidth = 1.5;
    context.stroke();
  }
  if (situation === 'closed') return drawCross(context, x, y, colors['soft-ink']);
  const [station] = stations;
  const isAlone = stations.length === 1 && !figure.district && station !== undefined && situation !== 'unknown';
  context.fillStyle = isFilled ? (situation === 'full' ? colors.surface : colors['on-brand']) : colors.ink;
  context.font = `700 13px ${font}`;
  const text = situation === 'unknown' ? '?' : bikes > 999 ? `${(bikes / 1000).toFixed(1)}k` : String(bikes);
  context.fillText(text, x, isAlone ? y - 2 : y + 0.5);
  if (isAlone) drawRacks(context, station, x, y, isFilled ? context.fillStyle : colors['soft-ink']);
}

/** How many of its racks are taken: a bar below the number. */
function drawRacks(
  context: CanvasRenderingContext2D,
  { bikesParked = 0, racks }: Figure['stations'][number],
  x: number,
  y: number,
  color: string,
): void {
  const width = 16;
  const taken = racks > 0 ? Math.min(1, bikesParked / racks) : 1;
  context.globalAlpha = 0.4;
  context.fillStyle = color;
  context.fillRect(x - width / 2, y + 6.5, width, 3);
  context.globalAlpha = 1;
  context.fillRect(x - width / 2, y + 6.5, width * taken, 3);
}

function drawCross(context: CanvasRenderingContext2D, x: number, y: number, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 4, y - 4);
  context.lineTo(x + 4, y + 4);
  context.moveTo(x + 4, y - 4);
  context.lineTo(x - 4, y + 4);
  context.stroke();
}

interface Drawn extends Point {
  figure: Figure;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const overlap = (one: Box, other: Box) =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

/** The names of districts, below their figure or in their middle, each where it hides no figure and no other name. */
function drawNames(context: CanvasRenderingContext2D, drawn: readonly Drawn[], scene: Scene): void {
  const { colors, font, labels, view, size } = scene;
  const taken = drawn.map(({ figure, x, y }): Box => {
    const radius = radiusOf(figure);
    return { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
  });
  context.font = `600 12px ${font}`;
  context.lineJoin = 'round';
  context.strokeStyle = colors.sunk;
  context.lineWidth = 4;
  context.fillStyle = colors['soft-ink'];
  for (const [district, name, point] of labels) {
    const own = drawn.find(({ figure }) => figure.district === district);
    const { x, y } = own ? { x: own.x, y: own.y + radiusOf(own.figure) + 11 } : toScreen(view, size, point);
    const half = context.measureText(name).width / 2;
    const box = { left: x - half, right: x + half, top: y - 7, bottom: y + 7 };
    if (taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    context.strokeText(name, x, y);
    context.fillText(name, x, y);
  }
}

function drawHere(context: CanvasRenderingContext2D, { x, y }: Point, colors: Colors): void {
  context.fillStyle = colors.reserved;
  context.strokeStyle = colors.surface;
  context.lineWidth = 3;
  context.beginPath();
  context.arc(x, y, 8, 0, fullTurn);
  context.fill();
  context.stroke();
}
