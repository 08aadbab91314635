import { useEffect, useRef } from 'react';
import { steps } from './steps.ts';

/** Back closes a dialog while it is open, and stays on the page: `close` does what its own button does. */
export function useBackCloses(isOpen: boolean, close: () => void): void {
  const latest = useRef(close);
  useEffect(() => {
    latest.current = close;
  });
  useEffect(() => (isOpen ? steps.open(() => latest.current()) : undefined), [isOpen]);
}
