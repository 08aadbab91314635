import './map.css';
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useRef, useState } from 'react';
import type { Position } from '../../../../schema/places.ts';
import { Button } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { useWords } from '../i18n/speech.tsx';
import { colorsFor, draw, type Scene } from './draw.ts';
import { type Figure, figureUnder } from './figures.ts';
import { canZoomIn, moved, type Point, type Size, toScreen, toWorld, type View, zoomed } from './view.ts';
import { stationWords } from './words.ts';

interface MapProps {
  view: View;
  size: Size;
  figures: readonly Figure[];
  labels: Scene['labels'];
  borders: Scene['borders'];
  chosen: Position | null;
  here: Position | null;
  onView: (view: View) => void;
  onSize: (size: Size) => void;
  onChoose: (figure: Figure) => void;
  onEverything: () => void;
}

const step = 1.6;
const keyPixels = 60;
/** A finger that moves less than this pressed, and did not drag. */
const stillPixels = 6;

/** The picture, and everything that moves it; whoever sees none has the list beside it. */
export function StationMap({ view, size, onView, onSize, onChoose, onEverything, ...shown }: MapProps) {
  const words = useWords(stationWords);
  const hintId = useId();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const look = useLook();
  const isMagnified = useMagnified();
  const middle = { x: size.width / 2, y: size.height / 2 };
  const zoom = (factor: number, at: Point = middle) => onView(zoomed(view, size, at, factor));
  const fingers = useRef(new Map<number, Point>());
  const travelled = useRef(0);

  useSize(frame, onSize);
  useWheel(frame, zoom);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || size.width === 0) return;
    const drawing = requestAnimationFrame(() => {
      const ratio = devicePixelRatio;
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== width || element.height !== height) Object.assign(element, { width, height });
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(context, {
        view,
        size,
        figures: shown.figures,
        labels: shown.labels,
        borders: shown.borders,
        chosen: shown.chosen && toWorld(shown.chosen),
        here: shown.here && toWorld(shown.here),
        colors: colorsFor(element),
        font: getComputedStyle(element).fontFamily,
      });
    });
    return () => cancelAnimationFrame(drawing);
  }, [view, size, shown.figures, shown.labels, shown.borders, shown.chosen, shown.here, look]);

  const pointOf = ({ clientX, clientY, currentTarget }: PointerEvent<HTMLElement>): Point => {
    const { left, top } = currentTarget.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  function press(event: PointerEvent<HTMLElement>) {
    if (event.button !== 0) return;
    if (fingers.current.size === 0) travelled.current = 0;
    fingers.current.set(event.pointerId, pointOf(event));
    event.currentTarget.setPointerCapture(event.pointerId);
  }
  function drag(event: PointerEvent<HTMLElement>) {
    const before = fingers.current.get(event.pointerId);
    if (!before) return;
    const now = pointOf(event);
    travelled.current += Math.hypot(now.x - before.x, now.y - before.y);
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, now);
    if (travelled.current < stillPixels || (isMagnified && event.pointerType === 'touch')) return;
    if (!other) return onView(moved(view, now.x - before.x, now.y - before.y));
    const spread = Math.hypot(before.x - other.x, before.y - other.y);
    const factor = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, spread);
    const between = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    onView(moved(zoomed(view, size, between, factor), (now.x - before.x) / 2, (now.y - before.y) / 2));
  }
  function lift(event: PointerEvent<HTMLElement>) {
    const at = fingers.current.get(event.pointerId);
    fingers.current.delete(event.pointerId);
    if (!at || event.type === 'pointercancel' || travelled.current >= stillPixels) return;
    const figure = figureUnder(shown.figures, at, (point) => toScreen(view, size, point));
    if (figure) onChoose(figure);
  }
  function type(event: KeyboardEvent) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = keys[event.key]?.(view, size);
    if (!next) return;
    event.preventDefault();
    onView(next);
  }

  return (
    <div className="map-part">
      <div className="map-frame" ref={frame}>
        <div
          className="map"
          data-magnified={isMagnified}
          role="application"
          aria-label={words.map}
          aria-describedby={hintId}
          tabIndex={0}
          onPointerDown={press}
          onPointerMove={drag}
          onPointerUp={lift}
          onPointerCancel={lift}
          onKeyDown={type}
        >
          <canvas ref={canvas} aria-hidden="true" />
        </div>
        <p id={hintId} className="visually-hidden">
          {words.mapHint}
        </p>
        <div className="map-tools">
          <Tool label={words.zoomIn} path="M8 3v10M3 8h10" isDisabled={!canZoomIn(view)} onPress={() => zoom(step)} />
          <Tool label={words.zoomOut} path="M3 8h10" onPress={() => zoom(1 / step)} />
          <Tool label={words.everything} path="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" onPress={onEverything} />
        </div>
      </div>
      <Legend />
    </div>
  );
}

const keys: Record<string, (view: View, size: Size) => View> = {
  ArrowLeft: (view) => moved(view, keyPixels, 0),
  ArrowRight: (view) => moved(view, -keyPixels, 0),
  ArrowUp: (view) => moved(view, 0, keyPixels),
  ArrowDown: (view) => moved(view, 0, -keyPixels),
  '+': (view, size) => zoomed(view, size, { x: size.width / 2, y: size.height / 2 }, step),
  '=': (view, size) => zoomed(view, size, { x: size.width / 2, y: size.height / 2 }, step),
  '-': (view, size) => zoomed(view, size, { x: size.width / 2, y: size.height / 2 }, 1 / step),
};

interface ToolProps {
  label: string;
  path: string;
  isDisabled?: boolean;
  onPress: () => void;
}

function Tool({ label, path, isDisabled = false, onPress }: ToolProps) {
  return (
    <Button weight="plain" className="map-tool" aria-label={label} isDisabled={isDisabled} onPress={onPress}>
      <Icon>
        <path d={path} />
      </Icon>
    </Button>
  );
}

/** What the figures mean; the list says it in words, so screen readers need no legend. */
function Legend() {
  const { legend } = useWords(stationWords);
  return (
    <ul className="map-legend" aria-hidden="true">
      {(Object.keys(legend) as (keyof typeof legend)[]).map((situation) => (
        <li key={situation}>
          <span className="sign" data-situation={situation} />
          <span>{legend[situation]}</span>
        </li>
      ))}
    </ul>
  );
}

function useSize(frame: { current: HTMLElement | null }, onSize: (size: Size) => void): void {
  const tell = useRef(onSize);
  useEffect(() => {
    tell.current = onSize;
  });
  useEffect(() => {
    if (!frame.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) tell.current({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, [frame]);
}

/** Turns with Ctrl, as a pinch on a touch pad comes, or once the map has the focus: else the page scrolls. */
function useWheel(frame: { current: HTMLElement | null }, zoom: (factor: number, at: Point) => void): void {
  const turn = useRef(zoom);
  useEffect(() => {
    turn.current = zoom;
  });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const listen = (event: WheelEvent) => {
      if (!event.ctrlKey && !element.contains(document.activeElement)) return;
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const speed = event.ctrlKey ? 0.01 : 0.002;
      turn.current(Math.exp(-event.deltaY * speed), { x: event.clientX - left, y: event.clientY - top });
    };
    // React listens passively, and could not keep the page from scrolling.
    element.addEventListener('wheel', listen, { passive: false });
    return () => element.removeEventListener('wheel', listen);
  }, [frame]);
}

/** Whether two fingers have magnified the page. */
function useMagnified(): boolean {
  const [isMagnified, setMagnified] = useState(false);
  useEffect(() => {
    const { visualViewport } = window;
    const look = () => setMagnified((visualViewport?.scale ?? 1) > 1);
    look();
    visualViewport?.addEventListener('resize', look);
    return () => visualViewport?.removeEventListener('resize', look);
  }, []);
  return isMagnified;
}

/** Another number each time the colors of the page may have changed. */
function useLook(): number {
  const [look, setLook] = useState(0);
  useEffect(() => {
    const changed = () => setLook((count) => count + 1);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const observer = new MutationObserver(changed);
    dark.addEventListener('change', changed);
    observer.observe(document.documentElement, { attributeFilter: ['style'] });
    return () => {
      dark.removeEventListener('change', changed);
      observer.disconnect();
    };
  }, []);
  return look;
}
