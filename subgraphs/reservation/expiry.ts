import { isUnavailable } from '../../platform/index.ts';
import type { ReservationKey } from './store.ts';

/** A reservation whose deadline has passed. */
export interface Due extends Pick<ReservationKey, 'reserveNo' | 'bikeId'> {
  reserveStatus: string;
}

/**
 * Expires what is due, page by page: one that cannot be expired stays due, and must not block those behind it.
 * @param pageAfter the next ones after a number, ordered by number; fewer than `pageSize` at the end.
 * @throws the first failure, once all others are expired; an outage at once.
 */
export async function expireAll(
  pageAfter: (reserveNo: number) => Promise<Due[]>,
  pageSize: number,
  expire: (due: Due) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  for (let after = 0; ;) {
    const page = await pageAfter(after);
    for (const due of page) {
      await expire(due).catch((error: unknown) => {
        if (isUnavailable(error)) throw error;
        failures.push(error);
      });
    }
    after = page.at(-1)?.reserveNo ?? after;
    if (page.length < pageSize) break;
  }
  if (failures.length > 0) throw failures[0];
}
