/** When a bike joined the fleet, as a file says it; pure. */

export type DateProblem = 'badDate' | 'strangeDate';

/** Seoul has no summer time. */
const seoulOffsetMs = 9 * 3_600_000;
const yearMs = 366 * 86_400_000;
/** No public bike of Seoul is older: an earlier date is a typo. */
const earliest = Date.UTC(2000, 0, 1) - seoulOffsetMs;

const day =
  /^(\d{4})(?:-(\d{1,2})-(\d{1,2})|\.\s*(\d{1,2})\.\s*(\d{1,2})\.?|\/(\d{1,2})\/(\d{1,2})|(\d{2})(\d{2})|년\s*(\d{1,2})월\s*(\d{1,2})일)/;
const time = /^(?:[T\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(Z|[+-]\d{2}:\d{2})?)?$/i;

export type ReadDate = { time: string; problem: null } | { time: null; problem: DateProblem };

/**
 * RFC 3339 in UTC for a day, or a day with a time; both are Seoul's unless a zone is named. A day is the midnight with
 * which it begins. `now` in epoch milliseconds.
 */
export function readDate(text: string, now: number): ReadDate {
  const plain = text.normalize('NFKC').trim();
  const found = day.exec(plain);
  const rest = found && time.exec(plain.slice(found[0].length));
  if (!found || !rest) return no('badDate');
  const [year = 0, month = 0, dayOfMonth = 0] = found.slice(1).filter(Boolean).map(Number);
  const [hour = 0, minute = 0, second = 0] = rest.slice(1, 4).map((part: string | undefined) => Number(part ?? 0));
  if (!isRealDay(year, month, dayOfMonth) || hour > 23 || minute > 59 || second > 59) return no('badDate');
  const offset = offsetMs(rest[4]);
  if (offset === null) return no('badDate');
  const at = Date.UTC(year, month - 1, dayOfMonth, hour, minute, second) - offset;
  if (year < 1000 || at < earliest || at > now + yearMs) return no('strangeDate');
  return { time: new Date(at).toISOString(), problem: null };
}

const no = (problem: DateProblem): ReadDate => ({ time: null, problem });

/** JavaScript takes 30 February for 2 March. */
function isRealDay(year: number, month: number, dayOfMonth: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, dayOfMonth));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === dayOfMonth;
}

function offsetMs(zone: string | undefined): number | null {
  if (!zone) return seoulOffsetMs;
  if (/^z$/i.test(zone)) return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
