import { isUnavailable, toClientError } from '../../platform/foundation/errors.ts';
import { lastVersionOf, type JournalDocument } from '../../platform/event-core/journal.ts';
import type { Told } from '../../platform/service/change-feed.ts';
import { changeIn, type BikeSlot, type Reservation } from '../../subgraphs/reservation/reservation.ts';
import type { Evidence } from '../support/violations.ts';
import type { Plan, Watcher } from './plan.ts';
import type { Process } from './scheduler.ts';
import type { World } from './world.ts';

/** Somebody who watches reservations by subscription, and goes on after the last cursor whenever it ends. */
export interface Watching {
  name: string;
  /** Whose reservations; undefined for all. */
  userId: string | undefined;
  /** Decisions that were there when they began, or began anew; undefined until then. */
  before: ReadonlySet<string> | undefined;
  /** Ids of events, since then. */
  told: string[];
  /** How often a cursor was known no more. */
  expired: number;
  /** Answers that must not be. */
  wrong: string[];
}

interface Followed {
  items: AsyncIterator<Told<Reservation>>;
  /** Where it comes from. */
  process: Process;
}

type Subscribe = (root: unknown, given: { after: string | null }, context: object) => Promise<Followed['items']>;

/** How often a watcher looks whether their connection is lost, or they want to leave it. */
const lookEveryMs = 250;
const comeBackMs = 300;

/** Starts all who watch. They watch until the history is over. */
export function watch(world: World, { watchers }: Plan, mayBeStrange: boolean): readonly Watching[] {
  return watchers.map((watcher, index) => {
    const userId = watcher.rider === null ? undefined : `rider-${watcher.rider + 1}`;
    const name = `watcher-${index + 1}`;
    const watching: Watching = { name, userId, before: undefined, told: [], expired: 0, wrong: [] };
    void live(world, watcher, watching, mayBeStrange);
    return watching;
  });
}

async function live(world: World, { at, staysMs }: Watcher, watching: Watching, mayBeStrange: boolean): Promise<void> {
  const { scheduler } = world;
  let after: string | null = null;
  await scheduler.wait(at);
  for (;;) {
    try {
      const followed = await follow(world, watching, after);
      if (after === null) {
        watching.before = new Set(world.rows('reservation', 'journal').map(({ _id }) => String(_id)));
        watching.told = [];
      }
      after = await read(world, followed, watching, after, scheduler.now + staysMs);
    } catch (error) {
      const code = String(toClientError(error).extensions['code']);
      scheduler.note(`${watching.name} hears ${code}`);
      if (code === 'CURSOR_EXPIRED') {
        watching.expired += 1;
        after = null;
      } else if (!isUnavailable(error) && !(mayBeStrange && code === 'INTERNAL_SERVER_ERROR')) {
        watching.wrong.push(`${watching.name} hears ${String(error)}`);
      }
    }
    await scheduler.wait(scheduler.dice.below(comeBackMs));
  }
}

function follow(world: World, { userId }: Watching, after: string | null): Promise<Followed> {
  const [id, role] = userId === undefined ? ['boss', 'operator' as const] : [userId, 'rider' as const];
  return world.ask(
    'reservation',
    async ({ Subscription }, context, process) => {
      const { subscribe } = (Subscription as { reservationChanged: { subscribe: Subscribe } }).reservationChanged;
      return { items: await subscribe(undefined, { after }, context), process };
    },
    { userId: id, roles: [role], expiresAtMs: Infinity },
  );
}

/** Reads until the connection is lost, ends or is left. @returns the last cursor. */
async function read(
  { scheduler }: World,
  { items, process }: Followed,
  watching: Watching,
  after: string | null,
  until: number,
): Promise<string | null> {
  let cursor = after;
  let next = items.next();
  for (;;) {
    const item = await Promise.race([next, scheduler.wait(lookEveryMs)]);
    if (item === undefined) {
      if (process.alive && scheduler.now < until) continue;
      void items.return?.().catch(() => undefined);
      next.catch(() => undefined);
      return cursor;
    }
    if (item.done) return cursor;
    cursor = item.value.cursor;
    watching.told.push(item.value.seen[0]);
    scheduler.note(`${watching.name} is told of ${item.value.seen[0]}`);
    next = items.next();
  }
}

/**
 * I12 watchers are told every change, those of a bike in order, and, unless the broker lost some, once; and no cursor is
 * lost that nothing was lost for.
 */
export function missedOrRepeated(
  watchings: readonly Watching[],
  { journals }: Evidence,
  brokerLost: boolean,
): string[] {
  const documents = journals.reservation as JournalDocument<BikeSlot>[];
  return watchings.flatMap(({ name, userId, before, told, expired, wrong }) => {
    const heard = new Set(told);
    const isAgain = (id: string, index: number) => told.indexOf(id) !== index;
    // What a broker loses within seconds of its decision, and is given again, looks new to an instance that began since.
    const repeated = brokerLost ? [] : told.filter(isAgain);
    const missed = documents.filter((document) => {
      const change = changeIn(document);
      const of = change?.reservation ?? change?.report;
      const isTheirs = of && (userId === undefined || of.userId === userId);
      return before && isTheirs && !before.has(document._id) && !heard.has(document.events.at(-1)?.id ?? '');
    });
    const places = new Map(
      documents.map((document) => [
        document.events.at(-1)?.id,
        { stream: document.stream, version: lastVersionOf(document) },
      ]),
    );
    const newest = new Map<string, number>();
    const outOfOrder = told.filter((id, index) => {
      if (brokerLost && isAgain(id, index)) return false;
      const { stream = '', version = 0 } = places.get(id) ?? {};
      const isLate = version < (newest.get(stream) ?? 0);
      newest.set(stream, Math.max(version, newest.get(stream) ?? 0));
      return isLate;
    });
    return [
      ...wrong,
      ...(expired > 0 && !brokerLost ? [`I12 ${name} has a cursor that is known no more`] : []),
      ...told.filter((id) => !places.has(id)).map((id) => `I12 ${name} is told of ${id}, which nobody decided`),
      ...repeated.map((id) => `I12 ${name} is told of ${id} again`),
      ...outOfOrder.map((id) => `I12 ${name} is told of ${id} after what came later`),
      ...missed.map(({ _id }) => `I12 ${name} is not told of ${_id}`),
    ];
  });
}
