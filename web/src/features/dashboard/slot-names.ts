/** When a bar of the charts is, as people in Seoul say it. */
import type { Language } from '../../shared/i18n/language.ts';
import { hourAndMinute, monthAndDay, weekday } from '../../shared/i18n/seoul-time.ts';
import type { Range, Slot } from './history.ts';

/** In a sentence and in the table: `14:05`, `14:00–15:00`, `11-27 (Fri) 14:00–15:00`, `11-27 (Fri)`. */
export function slotName({ begin, end }: Pick<Slot, 'begin' | 'end'>, range: Range, language: Language): string {
  const hours = `${hourAndMinute(begin)}–${hourAndMinute(end)}`;
  const day = `${monthAndDay(begin)} (${weekday(begin, language)})`;
  switch (range) {
    case 'minutes':
      return hourAndMinute(begin);
    case 'today':
    case 'yesterday':
      return hours;
    case 'week':
      return `${day} ${hours}`;
    case 'month':
      return day;
  }
}

/** Below the chart, where there is little room. */
export const axisLabel = ({ begin }: Pick<Slot, 'begin'>, range: Range): string =>
  range === 'week' || range === 'month' ? monthAndDay(begin) : hourAndMinute(begin);
