import type { Consumer } from '../messaging/consumer.ts';
import { requireRole, type Role } from '../server/auth.ts';
import { noParkedEvent, type DeadLetterAdmin, type ParkedList } from '../messaging/dead-letters/admin.ts';
import type { RefusedDecision } from '../event-core/journal.ts';
import type { DeadLetters } from '../messaging/dead-letters/dead-letters.ts';
import {
  answering,
  discardOrder,
  healthQuestion,
  parkedId,
  parkedQuestion,
  redriveOrder,
} from '../messaging/questions.ts';
import { databaseStatus, type Runtime } from './runtime.ts';

/** The state of one instance of a service; figures are null where they cannot be read. */
export interface Health {
  /** When the instance was started. */
  startedAt: string;
  /** `ok`, or why it cannot use its database. */
  database: string;
  unpublishedDecisions: number | null;
  /** Some of those that are refused, and set aside. */
  refusedDecisions: RefusedDecision[] | null;
  pendingEvents: number | null;
  parkedEvents: number | null;
}

/** What a service tells operators. One that follows no other has nothing parked and nothing pending. */
export interface Operated {
  follower?: { consumer: Consumer; deadLetters: DeadLetters; desk: DeadLetterAdmin } | undefined;
  unpublished(): Promise<number>;
  refused(): Promise<RefusedDecision[]>;
}

const watchers: Role[] = ['operator', 'auditor', 'admin'];

/**
 * Answers operators' questions on the bus: `health` and `parked.list|get|redrive|discard`. Parked events are shown and
 * settled only for an operator's own token.
 */
export function serveOperators(runtime: Runtime, { follower, unpublished, refused }: Operated): void {
  const { bus, service, clock, database, settings } = runtime;
  const startedAt = clock().toISOString();
  const nothing: ParkedList = { rows: [], more: false, total: 0 };
  const health = answering(healthQuestion, async (): Promise<Health> => {
    const state = await databaseStatus(database, settings.REQUEST_TIMEOUT_MS / 2);
    const figure = async <Figure>(read: () => Promise<Figure>) =>
      state === 'ok' ? await read().catch(() => null) : null;
    const [unpublishedDecisions, refusedDecisions, pendingEvents, parkedEvents] = await Promise.all([
      figure(unpublished),
      figure(refused),
      figure(async () => follower?.consumer.pending() ?? 0),
      figure(async () => follower?.deadLetters.count() ?? 0),
    ]);
    return { startedAt, database: state, unpublishedDecisions, refusedDecisions, pendingEvents, parkedEvents };
  });
  /** Whose token it is; the word of the asking service counts for nothing. @throws a client error */
  const whoAsks = async ({ authorization }: { authorization?: string | undefined }, ...allowed: Role[]) =>
    requireRole(await runtime.verifyToken(authorization), ...allowed);
  const list = answering(parkedQuestion, async (question) => {
    await whoAsks(question, ...watchers);
    return follower?.desk.list(question) ?? nothing;
  });
  const get = answering(parkedId, async (question) => {
    await whoAsks(question, ...watchers);
    return follower?.desk.get(question.id) ?? null;
  });
  const redrive = answering(redriveOrder, async (order) => {
    const { userId } = await whoAsks(order, 'admin');
    return follower?.desk.redrive({ id: order.id, key: order.key, by: userId }) ?? noParkedEvent;
  });
  const discard = answering(discardOrder, async (order) => {
    const { userId } = await whoAsks(order, 'admin');
    const { id, key, reason } = order;
    return follower?.desk.discard({ id, key, reason, by: userId }) ?? noParkedEvent;
  });
  bus.serve(service, 'health', health);
  bus.serve(service, 'parked.list', list);
  bus.serve(service, 'parked.get', get);
  bus.serve(service, 'parked.redrive', redrive);
  bus.serve(service, 'parked.discard', discard);
}
