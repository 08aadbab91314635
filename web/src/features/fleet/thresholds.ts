/** From where on an operator wants to be told, as this browser keeps it; pure but for the keeping. */
import { linkToTab } from '../../app/links.ts';
import { deviceMemory, type Memory } from '../../shared/api/memory.ts';
import { wholeNumberIn } from '../../shared/i18n/numbers.ts';
import { linkToBikes, linkToStations, longestRide, longestSituation } from './table-address.ts';

/** What each threshold may be at most, from 1 on, and what it is until somebody sets it. */
export const watchedFor = {
  /** A station has been empty for so many minutes. */
  emptyMinutes: { most: longestSituation, usual: 30 },
  /** So many percent of the open stations are empty. */
  emptyShare: { most: 100, usual: 30 },
  /** A station has been full for so many minutes. */
  fullMinutes: { most: longestSituation, usual: 60 },
  /** A ride has taken so many hours. */
  rideHours: { most: longestRide / 60, usual: 12 },
  /** So many events are parked. */
  parkedEvents: { most: 1_000_000, usual: 1 },
} as const;
export type Threshold = keyof typeof watchedFor;
export const thresholdNames = Object.keys(watchedFor) as Threshold[];

/** Null where nothing is watched. */
export type Thresholds = Record<Threshold, number | null>;

const isThreshold = (name: Threshold, value: unknown): value is number | null =>
  value === null || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= watchedFor[name].most);

/** What somebody typed; undefined when it is no threshold. */
export function thresholdIn(name: Threshold, text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const number = wholeNumberIn(text) ?? undefined;
  return isThreshold(name, number) ? number : undefined;
}

/** What was kept; of what makes no sense, the usual. */
export function readThresholds(text: string | null): Thresholds {
  const kept = partsOf(text);
  const read = (name: Threshold) => (isThreshold(name, kept[name]) ? kept[name] : watchedFor[name].usual);
  return Object.fromEntries(thresholdNames.map((name) => [name, read(name)])) as Thresholds;
}

function partsOf(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const key = 'fleet:thresholds';

export const keptThresholds = (memory: Memory = deviceMemory) => readThresholds(memory.get(key));
export const keepThresholds = (thresholds: Thresholds, memory: Memory = deviceMemory) =>
  memory.set(key, JSON.stringify(thresholds));

export interface Figures {
  /** Stations that are open, and those of them that are empty. */
  open: number;
  empty: number;
  /** For so long as the thresholds say. */
  longEmpty: number;
  longFull: number;
  longRides: number;
  parkedEvents: number;
}

export interface Alert {
  name: Threshold;
  /** Of stations, rides or events; of the share, percent. */
  count: number;
  threshold: number;
  /** Where the rows behind it are. */
  href: string;
}

/** What has reached its threshold. */
export function alertsIn(figures: Figures, thresholds: Thresholds): Alert[] {
  const { open, empty, longEmpty, longFull, longRides, parkedEvents } = figures;
  const counts: Record<Threshold, { count: number; isReached: (threshold: number) => boolean }> = {
    emptyMinutes: { count: longEmpty, isReached: () => longEmpty > 0 },
    emptyShare: {
      count: open === 0 ? 0 : Math.floor((empty * 100) / open),
      isReached: (share) => open > 0 && empty * 100 >= share * open,
    },
    fullMinutes: { count: longFull, isReached: () => longFull > 0 },
    rideHours: { count: longRides, isReached: () => longRides > 0 },
    parkedEvents: { count: parkedEvents, isReached: (most) => parkedEvents >= most },
  };
  return thresholdNames.flatMap((name) => {
    const threshold = thresholds[name];
    const { count, isReached } = counts[name];
    return threshold !== null && isReached(threshold) ? { name, count, threshold, href: linkOf(name, threshold) } : [];
  });
}

function linkOf(name: Threshold, threshold: number): string {
  switch (name) {
    case 'emptyMinutes':
      return linkToStations({ situation: 'empty', forMinutes: threshold, sort: 'emptySince' });
    case 'emptyShare':
      return linkToStations({ situation: 'empty' });
    case 'fullMinutes':
      return linkToStations({ situation: 'full', forMinutes: threshold, sort: 'fullSince' });
    case 'rideHours':
      return linkToBikes({ use: 'IN_USE', forMinutes: threshold * 60, sort: 'since' });
    case 'parkedEvents':
      return linkToTab('parked');
  }
}
