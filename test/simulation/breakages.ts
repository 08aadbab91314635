import { parseEvent } from '../../schema/events/index.ts';
import type { Evidence } from '../support/violations.ts';

/** What was said of broken bikes, by the causes of the decisions. */
export interface Said {
  /** Reports that were taken. */
  taken: string[];
  /** Until when somebody had seen what they closed. */
  seenUntil: Map<string, string>;
}

export const nothingSaid = (): Said => ({ taken: [], seenUntil: new Map() });

/** The cause of what somebody asks for under a key. */
export const causeOf = (userId: string, key: string) => `key:${userId}:${key}`;

/** I15 a report that was taken is there, and no fault was closed that whoever closed it had not seen. */
export function unheardFaults({ taken, seenUntil }: Said, { journals }: Evidence): string[] {
  const found: string[] = [];
  const reported = new Set<string>();
  for (const documents of Map.groupBy(journals.bike, ({ stream }) => stream).values()) {
    let newest = '';
    for (const { cause, events } of documents) {
      for (const { id, type, data } of events.map(parseEvent)) {
        if (type === 'FaultReported') {
          reported.add(cause);
          newest = data.reportedAt > newest ? data.reportedAt : newest;
        }
        const seen = seenUntil.get(cause);
        if (type === 'FaultsClosed' && seen !== undefined && newest > seen)
          found.push(`I15 ${id} closes what was reported at ${newest}, seen was ${seen}`);
        if (type === 'FaultsClosed' || (type === 'BikeConditionChanged' && data.condition === 'IN_SERVICE'))
          newest = '';
      }
    }
  }
  return [
    ...found,
    ...taken.filter((cause) => !reported.has(cause)).map((cause) => `I15 ${cause} was taken and is lost`),
  ];
}
