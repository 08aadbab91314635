import type { z } from 'zod';
import { issuesOf, type EventOf, type Envelope } from './envelope.ts';
import { approvalEvents } from './approval.ts';
import { bikeEvents } from './bike.ts';
import { demandEvents } from './demand.ts';
import { pointEvents } from './point.ts';
import { reservationEvents } from './reservation.ts';
import { sourceOf } from './source.ts';
import { stationEvents } from './station.ts';
import { waitingEvents } from './waiting.ts';

export type { Envelope, EventOf } from './envelope.ts';
export { envelopeSchema, fromBinaryMode, toBinaryMode } from './envelope.ts';
export { sourceOf } from './source.ts';
export { streams } from './streams.ts';
export { demandRefusal, type DemandRefusal } from './demand.ts';
export type { PointsRefusal } from './point.ts';
export type { ReserveStatus } from './reservation.ts';
export type { WaitingEnd } from './waiting.ts';
export type { FaultKind } from './bike.ts';
export type { BikeCondition } from './values.ts';

/** Who publishes what. A type has one publisher, and its name is unique in the system. */
export const publishers = {
  bike: { aggregate: 'bike', events: bikeEvents },
  approval: { aggregate: 'approval', events: approvalEvents },
  point: { aggregate: 'account', events: pointEvents },
  reservation: { aggregate: 'bike', events: { ...reservationEvents, ...demandEvents, ...waitingEvents } },
  station: { aggregate: 'station', events: stationEvents },
} as const;

export type Publisher = keyof typeof publishers;

/** The events of one record of schemas, as a union of envelopes whose `data` is typed. */
type EventsIn<Schemas extends Record<string, z.ZodType>> = {
  [Type in keyof Schemas & string]: EventOf<Type, z.infer<Schemas[Type]>>;
}[keyof Schemas & string];

export type BikeEvent = EventsIn<typeof bikeEvents>;
export type ApprovalEvent = EventsIn<typeof approvalEvents>;
export type PointEvent = EventsIn<typeof pointEvents>;
export type ReservationEvent = EventsIn<typeof reservationEvents>;
/** Published by reservation too, on streams of their own. */
export type DemandEvent = EventsIn<typeof demandEvents>;
/** … and these. */
export type WaitingEvent = EventsIn<typeof waitingEvents>;
export type StationEvent = EventsIn<typeof stationEvents>;
export type DomainEvent =
  BikeEvent | ApprovalEvent | PointEvent | ReservationEvent | DemandEvent | WaitingEvent | StationEvent;
export type EventType = DomainEvent['type'];

/** One event by its type, e.g. `EventNamed<'PointsDeducted'>`. */
export type EventNamed<Type extends EventType> = Extract<DomainEvent, { type: Type }>;

/** An event as a rule makes it: name and data. The platform adds the envelope. */
export type NewEvent<Event extends { type: string; data: unknown }> = Event extends unknown
  ? { type: Event['type']; data: Event['data'] }
  : never;

interface CatalogueEntry {
  publisher: Publisher;
  data: z.ZodType;
}

/** Every event of the system: type → its publisher and the schema of its data. */
export const catalogue: ReadonlyMap<string, CatalogueEntry> = new Map(
  Object.entries(publishers).flatMap(([publisher, { events }]) =>
    Object.entries<z.ZodType>(events).map(([type, data]): [string, CatalogueEntry] => [
      type,
      { publisher: publisher as Publisher, data },
    ]),
  ),
);

/**
 * The typed event in an envelope.
 * @throws {Error} when the type is not in the catalogue, comes from another publisher than the catalogue says, or its
 * data does not fit.
 */
export function parseEvent(envelope: Envelope): DomainEvent {
  const entry = catalogue.get(envelope.type);
  if (!entry) throw new Error(`The catalogue has no event type "${envelope.type}".`);
  if (envelope.source !== sourceOf(entry.publisher)) {
    throw new Error(`"${envelope.type}" is published by ${sourceOf(entry.publisher)}, not by ${envelope.source}.`);
  }
  const parsed = entry.data.safeParse(envelope.data);
  if (parsed.success) return { ...envelope, data: parsed.data } as DomainEvent;
  throw new Error(`${envelope.type} ${issuesOf(parsed.error)}`);
}

interface EventsOf {
  bike: BikeEvent;
  approval: ApprovalEvent;
  point: PointEvent;
  reservation: ReservationEvent | DemandEvent | WaitingEvent;
  station: StationEvent;
}

/** `parseEvent` for the events of one publisher. */
export function parserOf<Name extends Publisher>(publisher: Name): (envelope: Envelope) => EventsOf[Name] {
  return (envelope) => {
    const event = parseEvent(envelope);
    if (event.source === sourceOf(publisher)) return event as EventsOf[Name];
    throw new Error(`${publisher} does not publish "${event.type}".`);
  };
}
