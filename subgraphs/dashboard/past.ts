/** What something was in its last day, step by step; pure. */
import type { BikeCondition } from '../../schema/events/index.ts';

/** What it was from a time on, in ms since 1970. */
export type Step<State> = State & { at: number };
export type Past<State> = readonly Step<State>[];

/** Where a bike stood, and whether nobody held it there. */
export interface Stand {
  stationId?: string;
  isFree: boolean;
}
export interface Condition {
  condition: BikeCondition;
}
export interface Size {
  racks: number;
}

/** What a bike's row says of its past and of now. */
interface Bike {
  stands?: Past<Stand>;
  conditions?: Past<Condition>;
  stationId?: string | undefined;
  use: string;
  condition: BikeCondition | null;
  since?: string;
}

export const dayMs = 24 * 3_600_000;

/** Of a bike: sixteen rides, more than any bike has in a day. What is older is forgotten first. */
export const mostSteps = 48;

/**
 * The past with one more step, without what ended a day before it. It depends on the events of one stream only, so that a
 * rebuild makes the same of them.
 */
export function stepped<State extends object>(past: Past<State>, at: number, state: State): Past<State> {
  const last = past.at(-1);
  if (last && isSame(last, state)) return past;
  // Another instance's clock may be behind.
  const time = Math.max(at, last?.at ?? at);
  const first = past.findLastIndex((step) => step.at <= time - dayMs);
  return [...past.slice(Math.max(0, first)), { ...state, at: time }].slice(-mostSteps);
}

function isSame<State extends object>(step: Step<State>, state: State): boolean {
  const { at: _at, ...was } = step;
  const names = Object.keys(state) as (keyof State)[];
  return names.length === Object.keys(was).length && names.every((name) => step[name] === state[name]);
}

/** The past up to what is now: older code wrote none, and left it as it was when it changed the row. */
function upToNow<State extends object>(past: Past<State> = [], state: State, since: string | undefined): Past<State> {
  return stepped(past, past.length === 0 || since === undefined ? 0 : Date.parse(since), state);
}

/** Where a bike stood. */
export function standsOf({ stands, stationId, use, since }: Bike): Past<Stand> {
  if (!stands && stationId === undefined) return [];
  return upToNow(stands, standIn({ stationId, use }), since);
}

export const standIn = ({ stationId, use }: { stationId?: string | undefined; use: string }): Stand => ({
  ...(stationId === undefined ? {} : { stationId }),
  isFree: use === 'free',
});

/** What condition a bike was in. */
export const conditionsOf = ({ conditions, condition, since }: Bike): Past<Condition> =>
  condition === null ? [] : upToNow(conditions, { condition }, since);

/** How many racks a station had. */
export const sizesOf = ({ sizes, racks }: { sizes?: Past<Size>; racks: number }): Past<Size> =>
  upToNow(sizes, { racks }, undefined);
