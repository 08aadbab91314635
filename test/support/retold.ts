import type { DomainEvent, EventNamed } from '../../schema/events/index.ts';

/**
 * The dashboard, computed independently from the journals: by rules of its own, from each event's final result and not
 * step by step. It shares no line with the service's projections, so that both must be wrong to agree.
 */
export function retold(events: readonly DomainEvent[]) {
  return {
    rows: rowsOf(events),
    totals: totalsOf(events),
    hours: hoursOf(events),
    today: (day: string) => countsOn(day, events),
  };
}

export interface RetoldRow {
  userId: string;
  bikeId: number;
  reserveStatus: string;
  fee: number;
  reserveDateTime: string;
  startDateTime: string | null;
  returnDateTime: string | null;
}

const statusAfter: Partial<Record<DomainEvent['type'], string>> = {
  ReservationRequested: 'PENDING',
  ReservationConfirmed: 'RESERVED',
  ReservationRejected: 'REJECTED',
  ReservationCancelled: 'CANCELLED',
  ReservationExpired: 'EXPIRED',
  RideStarted: 'IN_USE',
  BikeReturned: 'RETURNED',
};

type AboutReservation = Extract<DomainEvent, { data: { reserveNo: number; bikeId: number } }>;

const isNamed =
  <Type extends DomainEvent['type']>(type: Type) =>
  (event: DomainEvent): event is EventNamed<Type> =>
    event.type === type;

function rowsOf(events: readonly DomainEvent[]): Map<number, RetoldRow> {
  const about = events.filter((event): event is AboutReservation => event.type in statusAfter);
  return new Map(
    [...Map.groupBy(about, (event) => event.data.reserveNo)].map(([reserveNo, story]) => {
      const inOrder = story.toSorted((one, other) => one.sequence - other.sequence);
      const request = inOrder.find(isNamed('ReservationRequested'));
      const last = inOrder.at(-1);
      const row: RetoldRow = {
        userId: request?.data.userId ?? '',
        bikeId: request?.data.bikeId ?? 0,
        reserveStatus: statusAfter[last?.type ?? 'ReservationRequested'] ?? '',
        fee: request?.data.fee ?? 0,
        reserveDateTime: request?.data.requestedAt ?? '',
        startDateTime: inOrder.find(isNamed('RideStarted'))?.data.startedAt ?? null,
        returnDateTime: inOrder.find(isNamed('BikeReturned'))?.data.returnedAt ?? null,
      };
      return [reserveNo, row];
    }),
  );
}

/** Totals without a day. */
function totalsOf(events: readonly DomainEvent[]) {
  const bikes = new Map<number, { condition: string; use: string }>();
  for (const { data } of events.filter(isNamed('BikeRegistered')))
    bikes.set(data.bikeId, { condition: data.condition, use: 'free' });
  for (const { data } of inOrder(events.filter(isNamed('BikeConditionChanged')))) {
    const bike = bikes.get(data.bikeId);
    if (bike) bike.condition = data.condition;
  }
  for (const { bikeId, reserveStatus } of rowsOf(events).values()) {
    const bike = bikes.get(bikeId);
    if (bike && ['PENDING', 'RESERVED'].includes(reserveStatus)) bike.use = 'reserved';
    if (bike && reserveStatus === 'IN_USE') bike.use = 'inUse';
  }
  const balances = new Map<string, number>();
  for (const { data } of inOrder(events.filter((event) => 'balanceAfter' in event.data))) {
    const { userId, balanceAfter } = data as { userId: string; balanceAfter: number };
    balances.set(userId, balanceAfter);
  }
  const count = (holds: (bike: { condition: string; use: string }) => boolean) =>
    [...bikes.values()].filter(holds).length;
  return {
    bikes: bikes.size,
    available: count(({ condition, use }) => use === 'free' && condition === 'IN_SERVICE'),
    outOfService: count(({ condition, use }) => use === 'free' && condition !== 'IN_SERVICE'),
    reserved: count(({ use }) => use === 'reserved'),
    inUse: count(({ use }) => use === 'inUse'),
    pointsInCirculation: [...balances.values()].reduce((sum, balance) => sum + balance, 0),
  };
}

/** A station’s line, as those who watch it are told. */
export interface RetoldStation {
  stationId: string;
  state: string;
  racks: number;
  bikesParked: number;
  bikesAvailable: number;
  freeRacks: number;
}

/** A bike that was registered: where it is, and whether it can be reserved. */
export interface RetoldBike {
  /** Absent on a ride, and where it stands at no station. */
  stationId?: string | undefined;
  isRiding: boolean;
  isAvailable: boolean;
}

/** By number. */
export function bikesNow(events: readonly DomainEvent[]): Map<number, RetoldBike> {
  const places = new Map<number, string | undefined>();
  for (const event of inOrder(events)) {
    if (event.type === 'RideStarted') places.set(event.data.bikeId, undefined);
    if (event.type !== 'BikeMoved' && event.type !== 'BikeReturned') continue;
    const { stationId, position } = event.data;
    // Given back without a ride, it stands where it stood.
    const isKept = event.type === 'BikeReturned' && event.data.startedAt === null && !stationId && !position;
    if (isKept) continue;
    places.set(event.data.bikeId, stationId);
  }
  const uses = new Map(
    [...rowsOf(events).values()]
      .filter(({ reserveStatus }) => ['PENDING', 'RESERVED', 'IN_USE'].includes(reserveStatus))
      .map(({ bikeId, reserveStatus }) => [bikeId, reserveStatus]),
  );
  const conditions = new Map(events.filter(isNamed('BikeRegistered')).map(({ data }) => [data.bikeId, data.condition]));
  for (const { data } of inOrder(events.filter(isNamed('BikeConditionChanged'))))
    conditions.set(data.bikeId, data.condition);
  return new Map(
    [...conditions].map(([bikeId, condition]) => [
      bikeId,
      {
        stationId: places.get(bikeId),
        isRiding: uses.get(bikeId) === 'IN_USE',
        isAvailable: condition === 'IN_SERVICE' && !uses.has(bikeId),
      },
    ]),
  );
}

/** What stands at each station. */
export function stationCountsOf(events: readonly DomainEvent[]): RetoldStation[] {
  const stations = new Map<string, Pick<RetoldStation, 'state' | 'racks'>>();
  for (const { type, data } of inOrder(events.filter((event) => event.type.startsWith('Station')))) {
    const { stationId, ...said } = data as { stationId: string; racks?: number };
    const before = stations.get(stationId) ?? { state: 'OPEN', racks: 0 };
    const state = type === 'StationClosed' ? 'CLOSED' : type === 'StationOpened' ? 'OPEN' : before.state;
    stations.set(stationId, { state, racks: said.racks ?? before.racks });
  }
  const parked = Map.groupBy(bikesNow(events).values(), ({ stationId }) => stationId);
  return [...stations].map(([stationId, { state, racks }]) => {
    const bikes = parked.get(stationId) ?? [];
    const free = bikes.filter(({ isAvailable }) => isAvailable);
    return {
      ...{ stationId, state, racks, bikesParked: bikes.length, bikesAvailable: free.length },
      freeRacks: racks - bikes.length,
    };
  });
}

/** Each stream's events in the order of their versions; the order of streams does not matter here. */
function inOrder<Event extends DomainEvent>(events: readonly Event[]): Event[] {
  return events.toSorted((one, other) => one.sequence - other.sequence);
}

/** What happened in an hour, with what did not left out; `refused` is the sum of all reasons. */
export type RetoldHour = Record<string, number>;

const amountsOf: Partial<Record<DomainEvent['type'], (data: never) => RetoldHour>> = {
  ReservationRequested: () => ({ requested: 1 }),
  ReservationConfirmed: () => ({ confirmed: 1 }),
  ReservationRejected: () => ({ rejected: 1, refused: 1 }),
  ReservationCancelled: () => ({ cancelled: 1 }),
  ReservationExpired: () => ({ expired: 1 }),
  RideStarted: () => ({ ridesStarted: 1 }),
  BikeReturned: ({ startedAt, returnedAt }: EventNamed<'BikeReturned'>['data']) => ({
    returned: 1,
    // The two may be by clocks of different instances.
    riddenMs: Math.max(0, new Date(returnedAt).getTime() - new Date(startedAt ?? returnedAt).getTime()),
  }),
  ReservationsRefused: ({ refusals }: EventNamed<'ReservationsRefused'>['data']) => ({
    refused: refusals.map(({ count }) => count).reduce((one, other) => one + other),
  }),
  PointsIncreased: ({ amount }: { amount: number }) => ({ pointsPurchased: amount }),
  PointsDeducted: ({ amount }: { amount: number }) => ({ pointsSpent: amount }),
  PointsRestored: ({ amount }: { amount: number }) => ({ pointsRestored: amount }),
  OvertimeRestored: ({ amount }: { amount: number }) => ({ pointsRestored: amount }),
  OvertimeCharged: ({ amount }: { amount: number }) => ({ pointsSpent: amount, overtimeCharged: amount }),
};

function summed(events: readonly DomainEvent[]): RetoldHour {
  const sums: RetoldHour = {};
  for (const { type, data } of events) {
    for (const [name, amount] of Object.entries(amountsOf[type]?.(data as never) ?? {})) {
      if (amount !== 0) sums[name] = (sums[name] ?? 0) + amount;
    }
  }
  return sums;
}

function hoursOf(events: readonly DomainEvent[]): Map<string, RetoldHour> {
  const counted = events.filter(({ type }) => amountsOf[type]);
  const hours = Map.groupBy(counted, ({ time }) => time.slice(0, 13));
  return new Map([...hours].map(([hour, some]) => [hour, summed(some)]));
}

/** The counts of a day in Seoul, under the names that the totals have for them. */
function countsOn(day: string, events: readonly DomainEvent[]): RetoldHour {
  const inSeoul = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Seoul' });
  const sums = summed(events.filter(({ time }) => inSeoul.format(new Date(time)) === day));
  const named = {
    reservationsToday: 'confirmed',
    cancelledToday: 'cancelled',
    returnedToday: 'returned',
    rejectedToday: 'rejected',
    refusedToday: 'refused',
    expiredToday: 'expired',
    pointsPurchasedToday: 'pointsPurchased',
    pointsSpentToday: 'pointsSpent',
    pointsRestoredToday: 'pointsRestored',
  };
  return Object.fromEntries(Object.entries(named).map(([total, count]) => [total, sums[count] ?? 0]));
}
