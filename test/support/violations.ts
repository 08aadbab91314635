import {
  parseEvent,
  type DomainEvent,
  type Envelope,
  type EventNamed,
  type PointEvent,
} from '../../schema/events/index.ts';
import { subjectToken } from '../../platform/messaging/event-stream.ts';
import { chainHash, lastVersionOf, type JournalDocument } from '../../platform/event-core/journal.ts';
import { applyEvent } from '../../subgraphs/dashboard/fold.ts';
import type { HourView } from '../../subgraphs/dashboard/hours.ts';
import { createParked } from '../../subgraphs/dashboard/parked.ts';
import { noTotals, type BikeView, type StationView, type Totals } from '../../subgraphs/dashboard/projections.ts';
import { writtenFrom, type View } from '../../subgraphs/dashboard/row-keys.ts';
import { entryOf } from '../../subgraphs/point/ledger.ts';
import { bikesNow, retold, stationCountsOf, type RetoldHour } from './retold.ts';

/** Where reservation shows a bike. */
interface Shown {
  stationId?: string;
  position?: { latitude: number; longitude: number };
}

/** The data of a system's journals, broker and dashboard. */
export interface Evidence {
  journals: Record<Publisher, JournalDocument[]>;
  /** Every message of the event stream. */
  broker: Envelope[];
  /** Per consumer: the last version handled of each subject. */
  positions: Record<Consumer, Map<string, number>>;
  parked: Record<Consumer, Set<string>>;
  dashboard: {
    rows: Map<number, unknown>;
    hours: Map<string, unknown>;
    bikes: Map<number, BikeView>;
    stations: Map<string, StationView>;
    totals: Totals;
  };
  /** By bike, what reservation shows of it. */
  slots: Map<number, object>;
  /** By number, what bike shows of it. */
  bikes: Map<number, object>;
}

export const publishers = ['bike', 'approval', 'point', 'reservation', 'station'] as const;
export type Publisher = (typeof publishers)[number];
/** Whose events a consumer handles. */
export const follows = {
  point: ['approval', 'reservation'],
  reservation: ['bike', 'point'],
  dashboard: [...publishers],
} as const;
export type Consumer = keyof typeof follows;
export const consumers = Object.keys(follows) as Consumer[];

/** Whether the broker has every decision, and all its consumers handled or parked it. */
export function isQuiet(evidence: Evidence, prefix: string): boolean {
  const published = publishers.every((publisher) =>
    evidence.journals[publisher].every((document) => document.published),
  );
  return published && unpublished(evidence).length === 0 && unhandled(evidence, prefix).length === 0;
}

/** What consumers have neither handled nor parked. */
function unhandled({ journals, positions, parked }: Evidence, prefix: string): string[] {
  return consumers.flatMap((consumer) =>
    follows[consumer].flatMap((publisher) =>
      [...streamsOf(journals[publisher])].flatMap(([stream, documents]) => {
        const subject = `${prefix}.${publisher}.${subjectToken(stream)}`;
        const last = lastVersionOf(documents.at(-1) ?? null);
        const position = positions[consumer].get(subject) ?? 0;
        return position === last || parked[consumer].has(subject)
          ? []
          : [`I6 ${consumer} handled ${position} of ${last} events of ${publisher}.${stream}`];
      }),
    ),
  );
}

/** Every violation in the evidence, a line each. */
export function violationsIn(evidence: Evidence, prefix: string): string[] {
  const { journals } = evidence;
  return [
    ...publishers.flatMap((publisher) => chains(publisher, journals[publisher])),
    ...ledger(eventsOf(journals.point) as PointEvent[]),
    ...sums(eventsOf(journals.point), eventsOf(journals.approval)),
    ...liveReservations(journals),
    ...reservations(journals),
    ...returnReports(journals),
    ...unhandled(evidence, prefix),
    ...publishedOnlyWhatWasDecided(evidence),
    ...view(evidence),
    ...places(evidence),
    ...sumsOfPlaces(evidence),
    ...faults(evidence),
  ];
}

/** I7 versions without gaps, hash chain intact. */
function chains(publisher: string, journal: JournalDocument[]): string[] {
  return [...streamsOf(journal)].flatMap(([stream, documents]) => {
    const found: string[] = [];
    let before: JournalDocument | null = null;
    for (const document of documents) {
      if (document.version !== lastVersionOf(before) + 1) found.push(`I7 ${publisher} gap before ${document._id}`);
      if (document.prevHash !== (before?.hash ?? '')) found.push(`I7 ${publisher} chain broken at ${document._id}`);
      if (document.hash !== chainHash(document)) found.push(`I7 ${publisher} ${document._id} was changed (${stream})`);
      before = document;
    }
    return found;
  });
}

/** I1 balances equal movements; I2 no balance below 0 at any version. */
function ledger(events: PointEvent[]): string[] {
  const found: string[] = [];
  const balances = new Map<string, number>();
  const causes = new Set<string>();
  for (const event of events) {
    const entry = entryOf(event);
    if (!entry) continue;
    if ('amount' in event.data && event.data.amount < 0) found.push(`I1 ${event.id} moves ${event.data.amount}`);
    if (causes.has(entry.cause)) found.push(`I1 ${entry.cause} was booked twice`);
    causes.add(entry.cause);
    const { userId } = event.data;
    const balance = (balances.get(userId) ?? 0) + entry.amount;
    balances.set(userId, balance);
    if (balance !== entry.balanceAfter)
      found.push(`I1 ${event.id} says ${entry.balanceAfter}, movements say ${balance}`);
    if (balance < 0) found.push(`I2 ${userId} has ${balance} after ${event.id}`);
  }
  return found;
}

/** I1 riders have what was approved, less what rides cost: computed from the events, not from the ledger's entries. */
function sums(points: DomainEvent[], approvals: DomainEvent[]): string[] {
  const sum = (events: DomainEvent[], type: DomainEvent['type'], amount: (event: DomainEvent) => number) =>
    events.filter((event) => event.type === type).reduce((total, event) => total + amount(event), 0);
  const bought = sum(approvals, 'PointPurchaseApproved', ({ data }) => (data as { price: number }).price);
  const moved =
    bought -
    sum(points, 'PointsDeducted', amountOf) +
    sum(points, 'PointsRestored', amountOf) -
    sum(points, 'OvertimeCharged', amountOf) +
    sum(points, 'OvertimeRestored', amountOf);
  const { totals } = retold(points);
  return totals.pointsInCirculation === moved
    ? []
    : [`I1 riders have ${totals.pointsInCirculation} points, purchases and rides make it ${moved}`];
}

const opening = ['ReservationRequested', 'PointsDeducted'];
const closing = [
  'ReservationRejected',
  'ReservationCancelled',
  'ReservationExpired',
  'BikeReturned',
  'PointsRestored',
  'ReservationSettled',
];

/** I3 at most one live reservation per bike (its slot's stream) and per rider (the account's stream) at any version. */
function liveReservations(journals: Evidence['journals']): string[] {
  return [...streamsOf(journals.reservation), ...streamsOf(journals.point)].flatMap(([stream, documents]) => {
    const found: string[] = [];
    const live = new Set<number>();
    for (const event of eventsOf(documents)) {
      const { reserveNo } = event.data as { reserveNo?: number };
      if (reserveNo === undefined) continue;
      if (opening.includes(event.type)) live.add(reserveNo);
      if (closing.includes(event.type)) live.delete(reserveNo);
      if (live.size > 1) found.push(`I3 ${stream} has live reservations ${[...live].join(', ')} after ${event.id}`);
    }
    return found;
  });
}

const amountOf = ({ data }: DomainEvent) => (data as { amount?: number }).amount ?? 0;

/** I4 deductions and restorations fit the outcomes; I5 every request and every purchase reached its outcome. */
function reservations(journals: Evidence['journals']): string[] {
  const events = [...eventsOf(journals.reservation), ...eventsOf(journals.point)];
  const byReservation = Map.groupBy(
    events.filter((event) => 'reserveNo' in event.data),
    (event) => (event.data as { reserveNo: number }).reserveNo,
  );
  const found = [...byReservation].flatMap(([reserveNo, story]) => {
    const count = (type: string) => story.filter((event) => event.type === type).length;
    const wrong: string[] = [];
    const [deducted, restored] = [count('PointsDeducted'), count('PointsRestored')];
    const ended = count('ReservationCancelled') + count('ReservationExpired');
    if (count('ReservationConfirmed') > 0 && deducted !== 1) wrong.push(`${deducted} deductions for a confirmed one`);
    if (deducted > 1) wrong.push(`${deducted} deductions`);
    if (ended > 0 && restored !== deducted) wrong.push(`${restored} restorations after ${deducted} deductions`);
    const amounts = story.filter(({ type }) => type === 'PointsDeducted' || type === 'PointsRestored').map(amountOf);
    if (new Set(amounts).size > 1) wrong.push(`deducted and restored are ${amounts.join(' and ')}`);
    if (ended === 0 && restored > 0) wrong.push('restored although neither cancelled nor expired');
    if (count('ReservationRejected') > 0 && deducted > 0) wrong.push('charged although rejected');
    if (count('BikeReturned') > 0 && count('ReservationSettled') !== 1) wrong.push('returned but not settled once');
    if (closing.slice(0, 4).reduce((sum, type) => sum + count(type), 0) > 1) wrong.push('ended more than once');
    const outcome = count('ReservationConfirmed') + count('ReservationRejected') + ended;
    if (outcome === 0) wrong.push('I5 no outcome');
    return wrong.map((what) => `I4 reservation ${reserveNo}: ${what}`);
  });
  const increased = new Map<number, number>();
  for (const event of eventsOf(journals.point)) {
    if (event.type !== 'PointsIncreased') continue;
    increased.set(event.data.confirmId, (increased.get(event.data.confirmId) ?? 0) + 1);
  }
  for (const event of eventsOf(journals.approval)) {
    const times = increased.get(event.type === 'PointPurchaseApproved' ? event.data.confirmId : -1);
    if (event.type === 'PointPurchaseApproved' && times !== 1)
      found.push(`I5 ${event.id} was booked ${times ?? 0} times`);
  }
  return found;
}

/**
 * I4 a return is settled once, after a report, and a ride has one open report at most; of its overtime no more comes back
 * than was taken, once, and after it was settled only.
 */
function returnReports(journals: Evidence['journals']): string[] {
  const events = [...eventsOf(journals.reservation), ...eventsOf(journals.point)];
  const byReservation = Map.groupBy(
    events.filter((event) => 'reserveNo' in event.data),
    (event) => (event.data as { reserveNo: number }).reserveNo,
  );
  return [...byReservation].flatMap(([reserveNo, story]) => {
    const of = (type: DomainEvent['type']) => story.filter((event) => event.type === type);
    const total = (type: DomainEvent['type']) => of(type).reduce((sum, event) => sum + amountOf(event), 0);
    const [reports, settled, rejected] = [of('ReturnReported'), of('ReturnSettled'), of('ReturnRejected')];
    const wrong: string[] = [];
    if (settled.length > 1) wrong.push(`settled ${settled.length} times`);
    const open = reports.length - settled.length - rejected.length;
    if (open < 0 || open > 1) wrong.push(`${open} open reports`);
    if (of('OvertimeRestored').length > settled.length) wrong.push('overtime came back without a settlement');
    if (total('OvertimeRestored') > total('OvertimeCharged')) wrong.push('more overtime came back than was taken');
    return wrong.map((what) => `I4 return of ${reserveNo}: ${what}`);
  });
}

/** I6 everything published is in a journal, and everything in a journal is published. */
function publishedOnlyWhatWasDecided(evidence: Evidence): string[] {
  const { journals, broker } = evidence;
  const decided = new Set(publishers.flatMap((publisher) => eventsOf(journals[publisher]).map(({ id }) => id)));
  const published = new Set(broker.map(({ id }) => id));
  const poison = (id: string) => id === '' || /^([a-z]+\.)?poison/.test(id);
  return [
    ...[...published].filter((id) => !decided.has(id) && !poison(id)).map((id) => `I6 ${id} is in no journal`),
    ...unpublished(evidence),
  ];
}

/** Decisions that the broker lacks. */
function unpublished({ journals, broker }: Evidence): string[] {
  const published = new Set(broker.map(({ id }) => id));
  return publishers
    .flatMap((publisher) => eventsOf(journals[publisher]))
    .filter(({ id }) => !published.has(id))
    .map(({ id }) => `I6 ${id} was never published`);
}

/** I8 the dashboard is the fold of the journals, rebuilt from zero, and agrees with the independent computation. */
function view({ journals, dashboard, parked }: Evidence): string[] {
  if (parked.dashboard.size > 0) return [];
  const folded = foldJournals(journals);
  const found: string[] = [];
  for (const [reserveNo, row] of folded.rows) {
    if (text(row) !== text(dashboard.rows.get(reserveNo))) {
      found.push(
        `I8 row ${reserveNo}: the journals say ${text(row)}, the dashboard ${text(dashboard.rows.get(reserveNo))}`,
      );
    }
  }
  if (dashboard.rows.size !== folded.rows.size) found.push(`I8 ${dashboard.rows.size} rows for ${folded.rows.size}`);
  if (text(folded.totals) !== text(dashboard.totals)) {
    found.push(`I8 totals: the journals say ${text(folded.totals)}, the dashboard ${text(dashboard.totals)}`);
  }
  for (const hour of new Set([...folded.hours.keys(), ...dashboard.hours.keys()])) {
    const [said, shown] = [text(folded.hours.get(hour)), text(dashboard.hours.get(hour))];
    if (said !== shown) found.push(`I8 hour ${hour}: the journals say ${said}, the dashboard ${shown}`);
  }
  const told = retold(publishers.flatMap((publisher) => eventsOf(journals[publisher])));
  for (const [reserveNo, row] of told.rows) {
    const shown = dashboard.rows.get(reserveNo) as Record<string, unknown> | undefined;
    for (const [name, value] of Object.entries(row)) {
      if (shown?.[name] !== value) {
        found.push(`I8 row ${reserveNo}: ${name} is ${text(shown?.[name])}, the events tell ${text(value)}`);
      }
    }
  }
  for (const [name, value] of Object.entries(told.totals)) {
    const shown = dashboard.totals[name as keyof typeof told.totals];
    if (shown !== value) found.push(`I8 ${name} is ${shown}, the events tell ${value}`);
  }
  for (const [name, value] of Object.entries(told.today(dashboard.totals.day))) {
    const shown = dashboard.totals[name as keyof Totals];
    if (shown !== value) found.push(`I8 ${name} is ${shown}, the events tell ${value}`);
  }
  found.push(...hoursAreTold(dashboard.hours, told.hours));
  if (dashboard.totals.pointsMoved !== dashboard.totals.pointsInCirculation)
    found.push('I1 the dashboard’s ledger check is red');
  return found;
}

/**
 * I13 a bike stands in one place, or is on a ride, or nobody knows where it is: as its events tell it, by rules of their
 * own, and as the view shows it, which every count of a station is made of.
 */
function places({ journals, slots }: Evidence): string[] {
  const streams = [...streamsOf(journals.reservation)].filter(([stream]) => stream.startsWith('bike-'));
  return streams.flatMap(([stream, documents]) => {
    const newest = eventsOf(documents).findLast(
      (event) =>
        event.type === 'BikeMoved' ||
        event.type === 'RideStarted' ||
        (event.type === 'BikeReturned' &&
          (event.data.startedAt !== null || 'stationId' in event.data || 'position' in event.data)),
    );
    const told = newest && newest.type !== 'RideStarted' ? whereIn(newest.data) : whereIn({});
    const shown = whereIn(slots.get(Number(stream.slice('bike-'.length))) ?? {});
    return told === shown ? [] : [`I13 ${stream} stands ${told} by its events, and is shown ${shown}`];
  });
}

/** Where a bike stands, by its events or by a row of it. */
interface Standing {
  stationId?: string | undefined;
  isAvailable?: boolean;
}

/** How many bikes stand at a station, and how many of them can be reserved. */
interface Count {
  bikes: number;
  available: number;
}

/**
 * I16 places add up: at each station stand as many bikes, and as many of them can be reserved, as the events tell, by the rows
 * of reservation and by those from which the map and open data are drawn; and the bikes at stations, those on a ride and
 * those elsewhere are all bikes.
 */
function sumsOfPlaces({ journals, slots, dashboard, parked }: Evidence): string[] {
  const events = publishers.flatMap((publisher) => eventsOf(journals[publisher]));
  const bikes = bikesNow(events);
  const told = standingAt(bikes.values());
  const wrongBy = (who: string, rows: ReadonlyMap<number, Standing>, shown: Map<string, Count>) => [
    ...[...new Set([...told.keys(), ...shown.keys()])].flatMap((stationId) => {
      const [of, by] = [shown, told].map((counts) => text(counts.get(stationId) ?? { bikes: 0, available: 0 }));
      return of === by ? [] : [`I16 ${who} shows ${of} at ${stationId}, the events tell ${by}`];
    }),
    ...sumOf(who, rows, bikes),
  ];
  return [
    ...(parked.reservation.size > 0 ? [] : wrongBy('reservation', slots, standingAt(slots.values()))),
    ...(parked.dashboard.size > 0 ? [] : wrongBy('the map', dashboard.bikes, standingOnMap(dashboard))),
    ...(parked.dashboard.size > 0 ? [] : stationsOnMap(dashboard, events)),
  ];
}

function standingAt(bikes: Iterable<Standing>): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const { stationId, isAvailable } of bikes) {
    if (stationId === undefined) continue;
    const count = counts.get(stationId) ?? { bikes: 0, available: 0 };
    counts.set(stationId, { bikes: count.bikes + 1, available: count.available + (isAvailable ? 1 : 0) });
  }
  return counts;
}

/** As it is drawn: by the same count. */
function standingOnMap({ bikes, stations }: Evidence['dashboard']): Map<string, Count> {
  const parked = createParked();
  for (const bike of bikes.values()) parked.change(undefined, bike);
  const stationIds = [...stations.keys(), ...Array.from(bikes.values(), ({ stationId }) => stationId ?? '')];
  return new Map(
    stationIds.map((stationId) => {
      const { bikes: all, available } = parked.at(stationId);
      return [stationId, { bikes: all, available }];
    }),
  );
}

/** Each bike is counted once: one that is on a ride and still stands somewhere would be two. */
function sumOf(who: string, rows: ReadonlyMap<number, Standing>, bikes: ReturnType<typeof bikesNow>): string[] {
  const isRiding = (bikeId: number) => bikes.get(bikeId)?.isRiding === true;
  const atStations = [...rows.values()].filter(({ stationId }) => stationId !== undefined).length;
  const elsewhere = [...rows].filter(([bikeId, { stationId }]) => stationId === undefined && !isRiding(bikeId)).length;
  const riding = [...bikes.keys()].filter(isRiding).length;
  if (atStations + riding + elsewhere === bikes.size) return [];
  return [`I16 ${who}: ${atStations} at stations, ${riding} riding and ${elsewhere} elsewhere are not ${bikes.size}`];
}

function stationsOnMap({ stations }: Evidence['dashboard'], events: readonly DomainEvent[]): string[] {
  const told = new Map(stationCountsOf(events).map((station) => [station.stationId, station]));
  return [...new Set([...told.keys(), ...stations.keys()])].flatMap((stationId) => {
    const [of, by] = [stations.get(stationId), told.get(stationId)].map((one) => `${one?.state}, ${one?.racks} racks`);
    return of === by ? [] : [`I16 the map shows ${stationId} ${of}, the events tell ${by}`];
  });
}

interface OpenFault {
  userId: string;
  kind: string;
  reportedAt: string;
}

/** I15 what is broken on a bike is what was reported since somebody saw to it last, within the limits, and is shown so. */
function faults({ journals, bikes }: Evidence): string[] {
  return [...streamsOf(journals.bike)].flatMap(([stream, documents]) => {
    let open: OpenFault[] = [];
    const found: string[] = [];
    for (const { id, type, data } of eventsOf(documents)) {
      if (type === 'FaultReported') {
        const { userId, kind, reportedAt } = data;
        found.push(...beyondLimits(open, data).map((why) => `I15 ${id}: ${why}`));
        open.push({ userId, kind, reportedAt });
      }
      if (type === 'FaultsClosed' && open.length === 0) found.push(`I15 ${id} closes none`);
      const isSeenTo = type === 'BikeConditionChanged' && data.condition === 'IN_SERVICE';
      if (type === 'FaultsClosed' || isSeenTo) open = [];
    }
    const shown = (bikes.get(Number(stream.slice('bike-'.length))) ?? {}) as {
      faults?: OpenFault[];
      faultySince?: string;
    };
    const [told, said] = [open, shown.faults ?? []].map((some) =>
      some.map(({ userId, kind, reportedAt }) => `${userId} ${kind} ${reportedAt}`).join(', '),
    );
    if (told !== said) found.push(`I15 ${stream} has the faults (${told}) by its events, and is shown with (${said})`);
    if (shown.faultySince !== open[0]?.reportedAt) found.push(`I15 ${stream} is shown faulty since another time`);
    return found;
  });
}

/** Why a report should not have been taken: three of a rider are open at most, and from twenty on each kind once. */
function beyondLimits(open: readonly OpenFault[], { userId, kind }: Pick<OpenFault, 'userId' | 'kind'>): string[] {
  const own = open.filter((fault) => fault.userId === userId);
  return [
    ...(own.some((fault) => fault.kind === kind) ? [`${userId} has reported it already`] : []),
    ...(own.length >= 3 ? [`${userId} has reported ${own.length} others`] : []),
    ...(open.length >= 20 && open.some((fault) => fault.kind === kind)
      ? [`${open.length} are open, this one too`]
      : []),
  ];
}

/** One or the other: an event that names both is wrong. */
function whereIn(said: object): string {
  const { stationId, position } = said as Shown;
  if (stationId !== undefined && position !== undefined) return 'in two places';
  return stationId ?? (position ? `at ${position.latitude}, ${position.longitude}` : 'nowhere that is known');
}

/** I8 each hour of the dashboard is what the events of that hour tell. */
function hoursAreTold(shown: Map<string, unknown>, told: Map<string, RetoldHour>): string[] {
  const flat = new Map(
    Array.from(shown, ([hour, row]) => {
      const { counts, refused } = row as HourView;
      const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0);
      return [hour, { ...counts, ...(refusals > 0 ? { refused: refusals } : {}) }];
    }),
  );
  return [...new Set([...flat.keys(), ...told.keys()])].flatMap((hour) => {
    const [of, by] = [text(flat.get(hour)), text(told.get(hour))];
    return of === by ? [] : [`I8 hour ${hour} is ${of}, the events tell ${by}`];
  });
}

function foldJournals(journals: Evidence['journals']): Evidence['dashboard'] {
  const rows = new Map<string, View>();
  let totals = noTotals;
  for (const publisher of publishers) {
    for (const event of eventsOf(journals[publisher])) ({ totals } = applyEvent(event, rows, totals));
  }
  const { reservations, hours, bikes, stations } = writtenFrom(rows);
  return {
    rows: new Map(reservations.map((row) => [row.reserveNo, row])),
    hours: new Map(hours.map((row) => [row.hour, row])),
    bikes: new Map(bikes.map((row) => [row.bikeId, row])),
    stations: new Map(stations.map((row) => [row.stationId, row])),
    totals,
  };
}

function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, each]) => `${name}: ${typeof each === 'object' ? text(each) : JSON.stringify(each)}`).join(', ')}}`;
}

function streamsOf(journal: JournalDocument[]): Map<string, JournalDocument[]> {
  return Map.groupBy(journal, ({ stream }) => stream);
}

export function eventsOf(journal: JournalDocument[]): DomainEvent[] {
  return journal.flatMap(({ events }) => events.map(parseEvent));
}

/** The journal's events of one type. */
export function eventsNamed<Type extends DomainEvent['type']>(evidence: Evidence, type: Type): EventNamed<Type>[] {
  return publishers
    .flatMap((publisher) => eventsOf(evidence.journals[publisher]))
    .filter((event): event is EventNamed<Type> => event.type === type);
}
