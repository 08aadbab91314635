import { useState } from 'react';
import type { Position } from '../../../../schema/places.ts';

export type Here =
  | { status: 'unasked' }
  | { status: 'locating' }
  | { status: 'known'; position: Position }
  | { status: 'refused' }
  | { status: 'unknown' };

/** A phone may need a while to see its satellites. */
const longestMs = 10_000;
/** Nobody walks far in this time. */
const oldestMs = 30_000;

/** Where the person is, asked of the browser when they ask for it, and told to nobody. */
export function useHere(onKnown: (position: Position) => void): { here: Here; locate: () => void } {
  const [here, setHere] = useState<Here>({ status: 'unasked' });
  function locate() {
    if (!('geolocation' in navigator)) return setHere({ status: 'unknown' });
    setHere({ status: 'locating' });
    navigator.geolocation.getCurrentPosition(
      ({ coords: { latitude, longitude } }) => {
        const position = { latitude, longitude };
        setHere({ status: 'known', position });
        onKnown(position);
      },
      ({ code, PERMISSION_DENIED }) => setHere({ status: code === PERMISSION_DENIED ? 'refused' : 'unknown' }),
      { enableHighAccuracy: true, timeout: longestMs, maximumAge: oldestMs },
    );
  }
  return { here, locate };
}
