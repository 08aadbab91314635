import type { DomainEvent, EventNamed } from '../../schema/events/index.ts';

/**
 * The dashboard, computed independently from the journals: by rules of its own, from each event's final result and not
 * step by step. It shares no line with the service's projections, so that both must be wrong to agree.
 */
export function retold(events: readonly DomainEvent[]) {
  return { rows: rowsOf(events), totals: totalsOf(events) };
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

/** Each stream's events in the order of their versions; the order of streams does not matter here. */
function inOrder<Event extends DomainEvent>(events: readonly Event[]): Event[] {
  return events.toSorted((one, other) => one.sequence - other.sequence);
}
