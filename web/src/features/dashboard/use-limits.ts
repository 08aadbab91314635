import { useMemo } from 'react';
import { useTariff } from '../../shared/api/use-tariff.ts';
import type { Limits } from './table-view.ts';

const minuteMs = 60_000;
/** Holds that end so soon are worth a look; where holds are short, their last fifth is. */
const expiringMs = 2 * minuteMs;

export function useLimits(): Limits {
  const { holdMinutes, overtimeFreeMinutes } = useTariff();
  return useMemo(
    () => ({
      expiringMs: holdMinutes === undefined ? expiringMs : Math.min(expiringMs, (holdMinutes * minuteMs) / 5),
      overdueMs: overtimeFreeMinutes === undefined ? null : overtimeFreeMinutes * minuteMs,
    }),
    [holdMinutes, overtimeFreeMinutes],
  );
}
