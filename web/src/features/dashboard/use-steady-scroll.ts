import { type RefObject, useLayoutEffect, useRef } from 'react';

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
