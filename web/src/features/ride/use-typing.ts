import { useState } from 'react';

/** What stands in the field for a bike's number. */
export interface Typing {
  text: string;
  type(text: string): void;
}

/** The bike of the address at first; what was typed instead outlives that address, and ends with a reservation. */
export function useTyping(wanted: number | null, hasRide: boolean): Typing {
  const [{ text, of }, set] = useState({ text: numberText(wanted), of: wanted });
  const isUntouched = text === numberText(of);
  if (of !== wanted) set({ text: wanted !== null || isUntouched ? numberText(wanted) : text, of: wanted });
  else if (hasRide && !isUntouched) set({ text: numberText(wanted), of: wanted });
  return { text, type: (next) => set({ text: next, of: wanted }) };
}

const numberText = (bikeId: number | null) => (bikeId === null ? '' : String(bikeId));
