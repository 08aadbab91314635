import { describe, expect, it } from '@jest/globals';
import type { NewEvent, ReservationEvent } from '../../schema/events/index.ts';
import { itDecides } from '../../test/support/decision-table.ts';
import { specificationOf } from '../../platform/event-core/specification.ts';
import { reservation, reportsIn, type BikeSlot, type ReservationCommand } from './reservation.ts';
import { mostOpenReports, reportableDays, reportOf, type ReturnReport } from './return-report.ts';

type NewReservationEvent = NewEvent<ReservationEvent>;

const decider = reservation({ fee: 1000, holdMs: 600_000, sagaMs: 30_000 });

const began = '2026-11-23T09:00:00.000Z';
const said = '2026-11-23T09:40:00.000Z';
/** The return as it was recorded, and when everything is asked. */
const recorded = '2026-11-23T10:30:00.000Z';
const at = '2026-11-23T11:00:00.000Z';
const longAfter = new Date(Date.parse(recorded) + reportableDays * 86_400_000 + 1).toISOString();
const { given } = specificationOf(decider, at);

const who = { reserveNo: 5, userId: '10', bikeId: 17 };
const next = { reserveNo: 6, userId: '11', bikeId: 17 };
const place = { stationId: 'ST-102' };

const opened: NewReservationEvent = {
  type: 'BikeSlotOpened',
  data: { bikeId: 17, condition: 'IN_SERVICE', at: began },
};
const rideOf = (whose: typeof who): NewReservationEvent[] => [
  { type: 'ReservationRequested', data: { ...whose, fee: 1000, requestedAt: began, deadline: began } },
  { type: 'ReservationConfirmed', data: { ...whose, confirmedAt: began, expiresAt: began } },
  { type: 'RideStarted', data: { ...whose, startedAt: began } },
];
const returned = (whose = who, returnedAt = recorded, where = {}): NewReservationEvent => ({
  type: 'BikeReturned',
  data: { ...whose, startedAt: began, returnedAt, ...where },
});
const reported = (recordedAt: string | null = null): NewReservationEvent => ({
  type: 'ReturnReported',
  data: { ...who, startedAt: began, recordedAt, returnedAt: said, ...place, note: 'red light', reportedAt: at },
});
const settled = (returnedAt = said, reason?: string): NewReservationEvent => ({
  type: 'ReturnSettled',
  data: { ...who, startedAt: began, returnedAt, ...(reason !== undefined && { reason }), settledAt: at },
});
const rejected: NewReservationEvent = {
  type: 'ReturnRejected',
  data: { ...who, reason: 'It was seen elsewhere.', rejectedAt: at },
};

const report = (returnedAt = said, more: object = {}): ReservationCommand => ({
  type: 'ReportReturn',
  ...{ reserveNo: 5, returnedAt, place, note: 'red light', ...more },
});
const settle = (more: object = {}): ReservationCommand => ({ type: 'SettleReturn', reserveNo: 5, ...more });
const reject: Extract<ReservationCommand, { type: 'RejectReturn' }> = {
  type: 'RejectReturn',
  reserveNo: 5,
  reason: 'It was seen elsewhere.',
};

const riding = [opened, ...rideOf(who)];
const over = [...riding, returned()];
const longOver = [...over, ...rideOf(next)];
/** The ride as reservation's rows know it. */
const ended = { ...who, startedAt: began, recordedAt: recorded };

const fold = (events: readonly NewReservationEvent[]): BikeSlot =>
  events.reduce((slot, event) => decider.evolve(slot, event), decider.initial);
const reportAfter = (...events: NewReservationEvent[]) => reportOf(reportsIn(fold(events)), 5);

type Situation =
  | 'riding'
  | 'riding, reported'
  | 'riding, rejected'
  | 'over'
  | 'over, reported'
  | 'over, reported before'
  | 'over, settled'
  | 'over, rejected'
  | 'over, and another rides'
  | 'reported, and another rides';

describe('a return that was not recognised', () => {
  itDecides<BikeSlot, ReservationCommand, NewReservationEvent, Situation, string>({
    decider,
    situations: {
      riding,
      'riding, reported': [...riding, reported()],
      'riding, rejected': [...riding, reported(), rejected],
      over,
      'over, reported': [...over, reported(recorded)],
      'over, reported before': [...riding, reported(), returned()],
      'over, settled': [...over, reported(recorded), settled()],
      'over, rejected': [...over, reported(recorded), rejected],
      'over, and another rides': longOver,
      'reported, and another rides': [...over, reported(recorded), ...rideOf(next)],
    },
    commands: {
      report: { command: report(), at },
      'report, as the rows know it': { command: report(said, { ended }), at },
      'report too late': { command: report(said, { ended }), at: longAfter },
      'report a time before the ride': { command: report('2026-11-23T08:59:59.999Z', { ended }), at },
      'report a time to come': { command: report('2026-11-23T11:00:00.001Z', { ended }), at },
      settle: { command: settle(), at },
      'settle for a time before the ride': { command: settle({ returnedAt: '2026-11-23T08:00:00.000Z' }), at },
      reject: { command: reject, at },
    },
    outcomes: {
      report: {
        ReturnReported: ['riding', 'riding, rejected', 'over', 'over, rejected'],
        ALREADY_REPORTED: ['riding, reported', 'over, reported', 'over, reported before'],
        NOT_REPORTABLE: ['over, settled', 'over, and another rides', 'reported, and another rides'],
      },
      'report, as the rows know it': {
        ReturnReported: ['riding', 'riding, rejected', 'over', 'over, rejected', 'over, and another rides'],
        ALREADY_REPORTED: [
          'riding, reported',
          'over, reported',
          'over, reported before',
          'reported, and another rides',
        ],
        NOT_REPORTABLE: ['over, settled'],
      },
      'report too late': {
        ReturnReported: ['riding', 'riding, rejected'],
        ALREADY_REPORTED: ['riding, reported'],
        NOT_REPORTABLE: [
          'over',
          'over, reported',
          'over, reported before',
          'over, settled',
          'over, rejected',
          'over, and another rides',
          'reported, and another rides',
        ],
      },
      'report a time before the ride': {
        INVALID_RETURN_TIME: ['riding', 'riding, rejected', 'over', 'over, rejected', 'over, and another rides'],
        ALREADY_REPORTED: [
          'riding, reported',
          'over, reported',
          'over, reported before',
          'reported, and another rides',
        ],
        NOT_REPORTABLE: ['over, settled'],
      },
      'report a time to come': {
        INVALID_RETURN_TIME: ['riding', 'riding, rejected', 'over', 'over, rejected', 'over, and another rides'],
        ALREADY_REPORTED: [
          'riding, reported',
          'over, reported',
          'over, reported before',
          'reported, and another rides',
        ],
        NOT_REPORTABLE: ['over, settled'],
      },
      settle: {
        'BikeReturned + ReturnSettled': ['riding, reported'],
        ReturnSettled: ['over, reported', 'over, reported before', 'reported, and another rides'],
        NO_OPEN_REPORT: [
          'riding',
          'riding, rejected',
          'over',
          'over, settled',
          'over, rejected',
          'over, and another rides',
        ],
      },
      'settle for a time before the ride': {
        INVALID_RETURN_TIME: [
          'riding, reported',
          'over, reported',
          'over, reported before',
          'reported, and another rides',
        ],
        NO_OPEN_REPORT: [
          'riding',
          'riding, rejected',
          'over',
          'over, settled',
          'over, rejected',
          'over, and another rides',
        ],
      },
      reject: {
        ReturnRejected: ['riding, reported', 'over, reported', 'over, reported before', 'reported, and another rides'],
        NO_OPEN_REPORT: [
          'riding',
          'riding, rejected',
          'over',
          'over, settled',
          'over, rejected',
          'over, and another rides',
        ],
      },
    },
  });

  it('is reported with what the rider says, and settled as they say unless the operator knows better', () => {
    given(...riding)
      .when(report())
      .then(reported());
    given(...riding, reported())
      .when(settle())
      .then(returned(who, said, place), settled());
    const better = { returnedAt: '2026-11-23T09:50:00.000Z', place: { stationId: 'ST-7' }, reason: 'dock broken' };
    given(...riding, reported())
      .when(settle(better))
      .then(
        {
          type: 'BikeReturned',
          data: { ...who, startedAt: began, returnedAt: better.returnedAt, reason: 'dock broken', stationId: 'ST-7' },
        },
        settled(better.returnedAt, 'dock broken'),
      );
  });

  it('ends the ride at that time, and the bike stands there and is free', () => {
    const after = fold([...riding, reported(), returned(who, said, place), settled()]);
    expect(after).toMatchObject({ status: 'free', place, last: { reserveStatus: 'RETURNED', returnDateTime: said } });
  });

  it('leaves alone who rides the bike now, and where it is', () => {
    const before = [...over, reported(recorded), ...rideOf(next)];
    const { reports: _reports, ...slot } = fold([...before, settled()]) as Extract<BikeSlot, { status: 'held' }>;
    const { reports: _before, ...as } = fold(before) as Extract<BikeSlot, { status: 'held' }>;
    expect(slot).toEqual(as);
  });

  it('is remembered through other rides, with what became of it', () => {
    expect(reportAfter(...riding, reported(), returned())).toMatchObject({ status: 'OPEN', recordedAt: recorded });
    const later = [...rideOf(next), returned(next)];
    expect(reportAfter(...over, reported(recorded), ...later)).toMatchObject({ status: 'OPEN', note: 'red light' });
    expect(reportAfter(...over, reported(recorded), settled(), ...later)).toMatchObject({
      ...{ status: 'SETTLED', settledAs: said, decidedAt: at, returnedAt: said },
    });
    expect(reportAfter(...over, reported(recorded), rejected, ...later)).toMatchObject({
      ...{ status: 'REJECTED', reason: 'It was seen elsewhere.', settledAs: null },
    });
  });

  it('that the bike has forgotten is said again from the row, once', () => {
    const known: ReturnReport = {
      ...{ ...ended, status: 'OPEN', reportedAt: at, returnedAt: said, place, note: 'red light' },
      ...{ decidedAt: null, reason: null, settledAs: null },
    };
    given(...longOver)
      .when(settle({ known }))
      .then(reported(recorded), settled());
    given(...over)
      .when({ ...reject, known })
      .then(reported(recorded), rejected);
    const after = [...over, reported(recorded), rejected];
    expect(reportAfter(...after)).toMatchObject({ status: 'REJECTED', note: 'red light' });
    // What the bike knows counts, and a row that is decided says nothing.
    for (const command of [settle({ known }), { ...reject, known }]) {
      given(...after)
        .when(command)
        .refused('NO_OPEN_REPORT');
    }
    given(...over)
      .when(settle({ known: { ...known, status: 'SETTLED' } }))
      .refused('NO_OPEN_REPORT');
  });

  it('is one of so many of a bike at most', () => {
    const others = Array.from({ length: mostOpenReports }, (_, index): NewReservationEvent => {
      const data = { ...who, reserveNo: 100 + index, startedAt: began, recordedAt: recorded, returnedAt: said };
      return { type: 'ReturnReported', data: { ...data, note: null, reportedAt: at } };
    });
    given(...over, ...others.slice(1))
      .when(report())
      .then(reported(recorded));
    given(...over, ...others)
      .when(report())
      .refused('NOT_REPORTABLE');
  });

  it('is forgotten by the bike once it is decided and cannot be reported again', () => {
    const another: NewReservationEvent = {
      type: 'ReturnReported',
      data: { ...next, startedAt: began, recordedAt: longAfter, returnedAt: said, note: null, reportedAt: longAfter },
    };
    expect(reportAfter(...over, reported(recorded), settled(), another)).toBeUndefined();
    expect(reportAfter(...over, reported(recorded), another)).toMatchObject({ status: 'OPEN' });
  });
});
