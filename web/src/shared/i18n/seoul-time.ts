/** Times as people in Seoul read them. */
import type { Language } from './language.ts';

const clockFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Seoul',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const dayFormat = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Seoul' });

/** `18:00:05`, in Asia/Seoul. */
export function clockTime(time: string | number): string {
  return clockFormat.format(new Date(time));
}

/** `18:00:05` today, `11-22 18:00:05` on another day, `2025-11-22 18:00:05` in another year, in Asia/Seoul. */
export function clockTimeOn(time: string | number, now: number): string {
  const day = dayFormat.format(new Date(time));
  const today = dayFormat.format(new Date(now));
  if (day === today) return clockTime(time);
  return `${day.slice(0, 4) === today.slice(0, 4) ? day.slice(5) : day} ${clockTime(time)}`;
}

/** `18:00`, for riders: they are in Seoul, so need no zone, and seconds do not matter to them. */
export function hourAndMinute(time: string | number): string {
  return clockTime(time).slice(0, -3);
}

/** `18:00` today, `11-22 18:00` on another day, `2025-11-22 18:00` in another year. */
export function hourAndMinuteOn(time: string | number, now: number): string {
  return clockTimeOn(time, now).slice(0, -3);
}

/** `11-22`, in Asia/Seoul. */
export function monthAndDay(time: number): string {
  return dayFormat.format(time).slice(5);
}

const weekdays = {
  ko: new Intl.DateTimeFormat('ko', { timeZone: 'Asia/Seoul', weekday: 'short' }),
  en: new Intl.DateTimeFormat('en', { timeZone: 'Asia/Seoul', weekday: 'short' }),
};

/** `금`, `Fri`, in Asia/Seoul. */
export function weekday(time: number, language: Language): string {
  return weekdays[language].format(time);
}

/** Days since 1970 in Asia/Seoul (UTC+9 all year): the counts of "today" restart with each. */
export function seoulDay(now: number): number {
  return Math.floor((now + 9 * 3_600_000) / 86_400_000);
}

/** `4:05` for a time that is left, `0:00` when it is over. */
export function timeLeft(until: string, now: number): string {
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** `2026-11-23T18:00:05+09:00`: for files, which leave the screen that names the zone. */
export function seoulStamp(time: number): string {
  return `${dayFormat.format(time)}T${clockTime(time)}+09:00`;
}

/** `1:04:05` or `4:05` for what has passed since. */
export function timePassed(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** `2026-11-23T18:00`, in Asia/Seoul: what a field for a day and a time of day holds. */
export function seoulMinute(time: string | number): string {
  return seoulStamp(new Date(time).getTime()).slice(0, 16);
}

/** The moment that such a field means; within the first minute of something, its beginning. Null when it means none. */
export function momentOf(minute: string, beginning: string): string | null {
  if (minute === seoulMinute(beginning)) return beginning;
  const moment = new Date(`${minute}:00+09:00`);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
