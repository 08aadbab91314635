import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Rows rendered beyond the visible ones, so that fast scrolling does not show gaps. */
const overscan = 8;

export interface Window {
  first: number;
  /** Exclusive. */
  last: number;
}

/** Which of many rows of one height are seen in a scrolling box. */
export function useWindow(scroller: RefObject<HTMLElement | null>, count: number, rowHeight: number): Window {
  const [seen, setSeen] = useState<Window>({ first: 0, last: 3 * overscan });
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const look = () => {
      const first = Math.max(0, Math.floor(box.scrollTop / rowHeight) - overscan);
      const last = Math.ceil((box.scrollTop + box.clientHeight) / rowHeight) + overscan;
      setSeen((before) => (before.first === first && before.last === last ? before : { first, last }));
    };
    look();
    box.addEventListener('scroll', look, { passive: true });
    const resized = new ResizeObserver(look);
    resized.observe(box);
    return () => {
      box.removeEventListener('scroll', look);
      resized.disconnect();
    };
  }, [scroller, rowHeight]);
  return { first: Math.min(seen.first, Math.max(0, count - 1)), last: Math.min(seen.last, count) };
}

/**
 * Scroll anchoring: when rows come or go above, the box scrolls with the row at its top. At the very top it stays
 * there, to show what is new.
 */
export function useSteadyScroll(scroller: RefObject<HTMLElement | null>, keys: readonly number[], rowHeight: number) {
  const before = useRef(keys);
  useLayoutEffect(() => {
    const box = scroller.current;
    const known = before.current;
    before.current = keys;
    if (!box || known === keys || box.scrollTop < rowHeight / 2) return;
    const top = Math.floor(box.scrollTop / rowHeight);
    const key = known[top];
    const place = key === undefined ? -1 : keys.indexOf(key);
    if (place >= 0 && place !== top) box.scrollBy(0, (place - top) * rowHeight);
  }, [scroller, keys, rowHeight]);
}
