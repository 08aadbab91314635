import type { Logger } from '../../../platform/index.ts';
import { occasionsOf, type Occasion, type RiderNow } from './occasions.ts';
import type { Outcome } from './push-service.ts';
import type { PushSubscriptionRow, PushSubscriptions } from './subscriptions.ts';

export interface NotifierOptions {
  subscriptions: Pick<PushSubscriptions, 'page' | 'claim' | 'release' | 'forget'>;
  /** How these riders are now. */
  ridersNow(userIds: readonly string[]): Promise<(userId: string) => RiderNow>;
  holdMs: number;
  /** How long a ride costs nothing more; undefined while point does not say. */
  freeMs(): Promise<number | undefined>;
  /** Whether its push service may be asked: those that may are a setting, and fewer perhaps than when it agreed. */
  isKnown(endpoint: string): boolean;
  push(row: PushSubscriptionRow, occasion: Occasion): Promise<Outcome>;
  count(outcome: Outcome['is']): void;
  clock(): Date;
  logger: Logger;
}

/** So many are sent at once: a push service that is silent holds up a look for its time-out once per page. */
const pageSize = 100;

/**
 * Looks whom to tell what, by what is so: a restart, a crash or a second instance changes nothing. Each browser is told
 * of an occasion once; of one whose outcome nobody knows it is not told again. While nobody agreed, a look reads a page
 * of none.
 */
export function createNotifier(options: NotifierOptions) {
  const { subscriptions, clock, logger } = options;

  async function tell(row: PushSubscriptionRow, occasion: Occasion): Promise<void> {
    if (!(await subscriptions.claim(row, occasion.name, clock()))) return;
    const outcome = await options.push(row, occasion);
    options.count(outcome.is);
    if (outcome.is === 'gone') await subscriptions.forget(row);
    if (outcome.is === 'later') {
      await subscriptions.release(row, occasion.name, new Date(clock().getTime() + outcome.afterMs));
    }
    // Neither who nor where: an endpoint is as good as a name.
    if (outcome.is === 'lost') logger.warn({ kind: occasion.kind, because: outcome.because }, 'a push was lost');
  }

  async function tellPage(page: readonly PushSubscriptionRow[]): Promise<void> {
    const now = clock();
    const due = page.filter(({ endpoint, notBefore }) => notBefore <= now && options.isKnown(endpoint));
    const [nowOf, freeMs] = await Promise.all([
      options.ridersNow([...new Set(due.map(({ userId }) => userId))]),
      options.freeMs(),
    ]);
    const rule = { holdMs: options.holdMs, freeMs };
    const each = due.flatMap((row) =>
      occasionsOf(nowOf(row.userId), rule, now.toISOString())
        .filter(({ name }) => !row.told.includes(name))
        .map((occasion) => tell(row, occasion)),
    );
    await Promise.all(each);
  }

  return {
    async run(): Promise<void> {
      let last: PushSubscriptionRow | undefined;
      for (;;) {
        const page = await subscriptions.page(last, pageSize);
        if (page.length > 0) await tellPage(page);
        last = page.at(-1);
        if (page.length < pageSize) return;
      }
    },
  };
}
