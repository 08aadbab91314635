import type { Consumer } from './consumer.ts';
import {
  noParkedEvent,
  type ParkedDesk,
  type ParkedList,
  type ParkedOrder,
  type ParkedQuestion,
} from './parked-desk.ts';
import type { RefusedDecision } from './journal.ts';
import type { Parking } from './parking.ts';
import { databaseStatus, type Runtime } from './runtime.ts';

/** How an instance of a service is; figures are null where they cannot be read. */
export interface Health {
  /** When the instance was started. */
  startedAt: string;
  /** `ok`, or why it cannot use its database. */
  database: string;
  unpublishedDecisions: number | null;
  /** Some of those that are refused, and step aside. */
  refusedDecisions: RefusedDecision[] | null;
  pendingEvents: number | null;
  parkedEvents: number | null;
}

/** What a service has to say to operators. One that follows nobody has nothing parked and nothing pending. */
export interface Operated {
  follower?: { consumer: Consumer; parking: Parking; desk: ParkedDesk } | undefined;
  unpublished(): Promise<number>;
  refused(): Promise<RefusedDecision[]>;
}

/** Answers operators' questions on the bus: `health` and `parked.list|get|redrive|discard` (ARCHITECTURE §2). */
export function serveOperators(runtime: Runtime, { follower, unpublished, refused }: Operated): void {
  const { bus, service, clock, database, settings } = runtime;
  const startedAt = clock().toISOString();
  const nothing: ParkedList = { rows: [], total: 0 };
  bus.serve(service, 'health', async (): Promise<Health> => {
    const state = await databaseStatus(database, settings.REQUEST_TIMEOUT_MS / 2);
    const figure = async <Figure>(read: () => Promise<Figure>) =>
      state === 'ok' ? await read().catch(() => null) : null;
    const [unpublishedDecisions, refusedDecisions, pendingEvents, parkedEvents] = await Promise.all([
      figure(unpublished),
      figure(refused),
      figure(async () => follower?.consumer.pending() ?? 0),
      figure(async () => follower?.parking.count() ?? 0),
    ]);
    return { startedAt, database: state, unpublishedDecisions, refusedDecisions, pendingEvents, parkedEvents };
  });
  bus.serve(service, 'parked.list', async (question) => follower?.desk.list(question as ParkedQuestion) ?? nothing);
  bus.serve(service, 'parked.get', async (question) => follower?.desk.get((question as { id: string }).id) ?? null);
  bus.serve(service, 'parked.redrive', async (order) => follower?.desk.redrive(order as ParkedOrder) ?? noParkedEvent);
  bus.serve(service, 'parked.discard', async (order) => {
    return follower?.desk.discard(order as ParkedOrder & { reason: string }) ?? noParkedEvent;
  });
}
