import type { EventNamed, NewEvent, ReservationEvent } from '../../schema/events/index.ts';
import { refuse, type Decision } from '../../platform/event-core/decider.ts';
import { placeIn, type Place } from './place.ts';

/** A ride that a report can be about. */
export interface Ride {
  reserveNo: number;
  userId: string;
  bikeId: number;
  startedAt: string;
  /** When its return was recorded; null while it goes on. */
  recordedAt: string | null;
}

/** A rider says that a return was not recognised, or too late. Of one ride, the newest. */
export interface ReturnReport extends Ride {
  status: 'OPEN' | 'SETTLED' | 'REJECTED';
  reportedAt: string;
  /** When the bike was given back, as the rider says. */
  returnedAt: string;
  /** Where, if they said. */
  place?: Place;
  note: string | null;
  /** When an operator decided, and why, in their words. */
  decidedAt: string | null;
  reason: string | null;
  /** When the ride ended, as the operator settled it. */
  settledAs: string | null;
}

export type ReturnReportCommand =
  /** `ended`: the ride, if it has ended; the bike itself knows its newest one. */
  | { type: 'ReportReturn'; reserveNo: number; returnedAt: string; place?: Place; note: string | null; ended?: Ride }
  /** When and where it was, if not as the rider said; the place counts only for a ride that goes on. */
  | ({ type: 'SettleReturn'; returnedAt?: string; place?: Place; reason?: string } & Known)
  | ({ type: 'RejectReturn'; reason: string } & Known);

/** `known`: the report as the view has it. An instance of before reports forgets those of a bike on which it decides. */
interface Known {
  reserveNo: number;
  known?: ReturnReport;
}

export type ReturnReportRefusal = 'NOT_REPORTABLE' | 'ALREADY_REPORTED' | 'INVALID_RETURN_TIME' | 'NO_OPEN_REPORT';

type Reports = readonly ReturnReport[];
type Events = Decision<NewEvent<ReservationEvent>, ReturnReportRefusal>;

const dayMs = 24 * 60 * 60_000;

/** How long after its return a ride can be reported: a rider who looks at the past week's rides finds the mistake. */
export const reportableDays = 7;

/** How many of a bike may be open: each decision on it carries them. */
export const mostOpenReports = 20;

/** Whether it is too late to report a ride. */
const isOver = ({ recordedAt }: Pick<Ride, 'recordedAt'>, at: string) =>
  recordedAt !== null && Date.parse(at) - Date.parse(recordedAt) > reportableDays * dayMs;

export const reportOf = (reports: Reports | undefined, reserveNo: number) =>
  reports?.find((report) => report.reserveNo === reserveNo);

/** @param ride the one that goes on, or the one that ended; undefined if there is none, or it never began. */
export function report(
  command: Extract<ReturnReportCommand, { type: 'ReportReturn' }>,
  ride: Ride | undefined,
  reports: Reports | undefined,
  at: string,
): Events {
  const { reserveNo, returnedAt, place, note } = command;
  if (!ride || isOver(ride, at)) {
    const when = `a ride that goes on, or ended in the last ${reportableDays} days`;
    return refuse('NOT_REPORTABLE', `Only the return of ${when}, can be reported.`);
  }
  const refusal = whyNotAgain(reportOf(reports, reserveNo)) ?? whyNotThen(returnedAt, ride, at);
  if (refusal) return refusal;
  if ((reports?.filter(({ status }) => status === 'OPEN').length ?? 0) >= mostOpenReports) {
    return refuse('NOT_REPORTABLE', `Of this bike ${mostOpenReports} reports wait for an operator already.`);
  }
  return [reported({ ...ride, returnedAt, note, reportedAt: at, ...(place && { place }) })];
}

/** Whether a report of it would be taken now. */
export const isReportable = (ride: Ride | undefined, earlier: ReturnReport | null | undefined, at: string): boolean =>
  ride !== undefined && !isOver(ride, at) && whyNotAgain(earlier) === null;

function whyNotAgain(earlier: ReturnReport | null | undefined) {
  if (earlier?.status === 'OPEN') return refuse('ALREADY_REPORTED', 'The return is reported, and not settled yet.');
  if (earlier?.status === 'SETTLED') return refuse('NOT_REPORTABLE', 'An operator has settled this return already.');
  return null;
}

/** @param isRiding whether the ride goes on: it ends by this. */
export function settle(
  command: Extract<ReturnReportCommand, { type: 'SettleReturn' }>,
  reports: Reports | undefined,
  isRiding: boolean,
  at: string,
): Events {
  const { open, forgotten } = openIn(reports, command);
  if (!open) return noOpenReport();
  const { returnedAt = open.returnedAt, place = open.place } = command;
  const refusal = whyNotThen(returnedAt, open, at);
  if (refusal) return refusal;
  const reason = command.reason === undefined ? {} : { reason: command.reason };
  const agreed = { ...named(open), startedAt: open.startedAt, returnedAt, ...reason };
  const settled = { type: 'ReturnSettled' as const, data: { ...agreed, settledAt: at } };
  const ended = isRiding ? [{ type: 'BikeReturned' as const, data: { ...agreed, ...place } }] : [];
  return [...forgotten, ...ended, settled];
}

export function reject(
  command: Extract<ReturnReportCommand, { type: 'RejectReturn' }>,
  reports: Reports | undefined,
  at: string,
): Events {
  const { open, forgotten } = openIn(reports, command);
  if (!open) return noOpenReport();
  const data = { ...named(open), reason: command.reason, rejectedAt: at };
  return [...forgotten, { type: 'ReturnRejected', data }];
}

/** The bike's reports after an event; nothing before the first. */
export function reportsAfter(reports: Reports | undefined, event: NewEvent<ReservationEvent>): { reports?: Reports } {
  if (event.type === 'ReturnReported') return { reports: [...worthKeeping(reports, event.data), opened(event.data)] };
  if (!reports) return {};
  const change = changeBy(event);
  if (!change) return { reports };
  const { reserveNo } = event.data as { reserveNo: number };
  return { reports: reports.map((each) => (each.reserveNo === reserveNo ? { ...each, ...change } : each)) };
}

/** Of what was decided, only what could be reported again. */
function worthKeeping(reports: Reports = [], { reserveNo, reportedAt }: { reserveNo: number; reportedAt: string }) {
  return reports.filter(
    (each) => each.reserveNo !== reserveNo && (each.status === 'OPEN' || !isOver(each, reportedAt)),
  );
}

/** What an event changes in a report of its ride. */
function changeBy(event: NewEvent<ReservationEvent>): Partial<ReturnReport> | undefined {
  if (event.type === 'ReturnSettled') {
    const { returnedAt: settledAs, settledAt: decidedAt, reason = null } = event.data;
    return { status: 'SETTLED', settledAs, decidedAt, reason };
  }
  if (event.type === 'ReturnRejected') {
    const { rejectedAt: decidedAt, reason } = event.data;
    return { status: 'REJECTED', decidedAt, reason };
  }
  return event.type === 'BikeReturned' ? { recordedAt: event.data.returnedAt } : undefined;
}

function opened(data: EventNamed<'ReturnReported'>['data']): ReturnReport {
  const { reserveNo, userId, bikeId, startedAt, recordedAt, returnedAt, note, reportedAt } = data;
  const place = placeIn(data);
  return {
    ...{ reserveNo, userId, bikeId, startedAt, recordedAt, status: 'OPEN', reportedAt, returnedAt },
    ...(Object.keys(place).length > 0 && { place }),
    ...{ note, decidedAt: null, reason: null, settledAs: null },
  };
}

/** A return lies within the ride, and not behind what was recorded, or is now. */
function whyNotThen(returnedAt: string, { startedAt, recordedAt }: Ride, at: string) {
  const then = Date.parse(returnedAt);
  const isWithin = recordedAt === null ? then <= Date.parse(at) : then < Date.parse(recordedAt);
  if (isWithin && then >= Date.parse(startedAt)) return null;
  const until = recordedAt === null ? 'now' : `the return that was recorded, ${recordedAt}`;
  return refuse('INVALID_RETURN_TIME', `The ride began at ${startedAt}: it ended after that, and before ${until}.`);
}

/** The report that waits, if there is one; and what says it again, where the bike has forgotten it. */
function openIn(reports: Reports | undefined, { reserveNo, known }: Known) {
  const found = reportOf(reports, reserveNo);
  const report = found ?? known;
  const open = report?.status === 'OPEN' ? report : undefined;
  return { open, forgotten: open && !found ? [reported(open)] : [] };
}

function reported(report: Pick<ReturnReport, keyof Ride | 'returnedAt' | 'place' | 'note' | 'reportedAt'>) {
  const { startedAt, recordedAt, returnedAt, place, note, reportedAt } = report;
  const data = { ...named(report), startedAt, recordedAt, returnedAt, ...place, note, reportedAt };
  return { type: 'ReturnReported' as const, data };
}

const noOpenReport = () => refuse('NO_OPEN_REPORT', 'No report of this return waits for an answer.');

const named = ({ reserveNo, userId, bikeId }: Ride) => ({ reserveNo, userId, bikeId });
