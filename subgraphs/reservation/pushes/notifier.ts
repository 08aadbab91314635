import type { Logger, Time } from '../../../platform/index.ts';
import { dueAt, occasionsOf, type Due, type Occasion, type RiderNow } from './occasions.ts';
import { longestRetryMs, silence, type Outcome } from './push-service.ts';
import type { PushSubscriptionRow, PushSubscriptions } from './subscriptions.ts';

export interface NotifierOptions {
  subscriptions: Pick<PushSubscriptions, 'isEmpty' | 'of' | 'claim' | 'release' | 'forget'>;
  /** Riders of whom there may be something to tell; each once. */
  ridersWith(due: Due): Promise<readonly string[]>;
  /** How these riders are now. */
  ridersNow(userIds: readonly string[]): Promise<(userId: string) => RiderNow>;
  holdMs: number;
  /** How long a ride costs nothing more; undefined while point does not say. */
  freeMs(): Promise<number | undefined>;
  /** Whether its push service may be asked: those that may are a setting, and fewer perhaps than when it agreed. */
  isKnown(endpoint: string): boolean;
  /** Browsers take what is signed with the key for which they agreed. */
  key: string;
  push(row: PushSubscriptionRow, occasion: Occasion): Promise<Outcome>;
  count(outcome: Outcome['is']): void;
  clock(): Date;
  time: Pick<Time, 'now'>;
  logger: Logger;
}

interface Message {
  row: PushSubscriptionRow;
  occasion: Occasion;
}

/** Riders whose browsers are read at once. */
const ridersAtOnce = 500;
/** So many are on their way to one push service: a thousand a second to one that answers within 20 ms. */
export const atOncePerService = 20;
/** What a look has not begun to tell after so long, the next one tells: meanwhile something else may be due. */
const lookMs = 5_000;

/**
 * Looks whom to tell what, by what is so: a restart, a crash or a second instance changes nothing. Each browser is told
 * of an occasion once; of one whose outcome nobody knows it is not told again. While nobody agreed, a look reads that
 * alone; else those of whom there is something to tell.
 */
export function createNotifier(options: NotifierOptions) {
  const { subscriptions, clock, time, logger } = options;

  async function tell({ row, occasion }: Message): Promise<Outcome | undefined> {
    if (!(await subscriptions.claim(row, occasion.name))) return undefined;
    const outcome = await options.push(row, occasion);
    options.count(outcome.is);
    if (outcome.is === 'gone') await subscriptions.forget(row);
    if (outcome.is === 'later') {
      await subscriptions.release(row, occasion.name, new Date(clock().getTime() + outcome.afterMs));
    }
    // Neither who nor where: an endpoint is as good as a name.
    if (outcome.is === 'lost') logger.warn({ kind: occasion.kind, because: outcome.because }, 'a push was lost');
    return outcome;
  }

  /** To one push service, beside the others: one that is silent costs its own riders alone, and those of one time-out. */
  async function tellThere(messages: Message[], mayBegin: () => boolean): Promise<void> {
    const left = messages.values();
    let isSilent = false;
    await Promise.all(
      Array.from({ length: Math.min(atOncePerService, messages.length) }, async () => {
        for (const message of left) {
          if (isSilent || !mayBegin()) return;
          const outcome = await tell(message);
          isSilent ||= outcome?.is === 'lost' && outcome.because === silence;
        }
      }),
    );
  }

  async function messagesTo(userIds: readonly string[], freeMs: number | undefined): Promise<Message[]> {
    const now = clock();
    // Further away than anything is put off: so it was by an instance whose clock was ahead.
    const beyond = new Date(now.getTime() + longestRetryMs);
    const rows = (await subscriptions.of(userIds)).filter(
      ({ endpoint, key, notBefore }) =>
        (notBefore <= now || notBefore > beyond) && key === options.key && options.isKnown(endpoint),
    );
    if (rows.length === 0) return [];
    const nowOf = await options.ridersNow([...new Set(rows.map(({ userId }) => userId))]);
    const rule = { holdMs: options.holdMs, freeMs };
    return rows.flatMap((row) =>
      occasionsOf(nowOf(row.userId), rule, now.toISOString())
        .filter(({ name }) => !row.told.includes(name))
        .map((occasion) => ({ row, occasion })),
    );
  }

  return {
    /** @param stopping begins to tell nobody once it is aborted. */
    async run(stopping?: AbortSignal): Promise<void> {
      if (await subscriptions.isEmpty()) return;
      const endsAt = time.now() + lookMs;
      const mayBegin = () => !stopping?.aborted && time.now() < endsAt;
      const freeMs = await options.freeMs();
      const riders = await options.ridersWith(dueAt({ holdMs: options.holdMs, freeMs }, clock().toISOString()));
      for (let from = 0; from < riders.length && mayBegin(); from += ridersAtOnce) {
        const messages = await messagesTo(riders.slice(from, from + ridersAtOnce), freeMs);
        const services = Map.groupBy(messages, ({ row }) => new URL(row.endpoint).origin);
        await Promise.all([...services.values()].map((each) => tellThere(each, mayBegin)));
      }
    },
  };
}
