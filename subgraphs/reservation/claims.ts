import type { PointsRefusal } from '../../schema/events/index.ts';
import { clientError, createLruCache, type Time } from '../../platform/index.ts';

/** Why point would refuse a rider. */
export interface Refused {
  code: PointsRefusal;
  because: string;
}

/**
 * Limits claims, because a claimed bike is unavailable to others until point has refused. For a rider whom point
 * refused, it is asked first the next time, and the number of claims is limited. Each instance counts for itself.
 */
export interface Claims {
  /** Why the rider's claim would fail; null when it would not, or when that is unknown. */
  whyNot(userId: string): Promise<Refused | null>;
  /** Counts a claim. @returns undoes it, for a claim that does not stand. @throws a client error TOO_MANY_REQUESTS. */
  begin(userId: string): () => void;
  /** Point refused the rider. */
  turnedDown(userId: string): void;
}

export interface ClaimsOptions {
  /** Asks point, the authority. @throws when it does not answer. */
  ask(userId: string): Promise<Refused | null>;
  /** Most claims of a rider that may stand within a minute. */
  perMinute: number;
  /** How many riders are remembered. */
  riders: number;
  time: Pick<Time, 'now'>;
}

const minuteMs = 60_000;

export function createClaims({ ask, perMinute, riders, time }: ClaimsOptions): Claims {
  const inVain = createLruCache<string, true>(riders);
  /** When each claim of the last minute was made, the oldest first. */
  const made = createLruCache<string, number[]>(riders);

  return {
    async whyNot(userId) {
      if (!inVain.get(userId)) return null;
      // Without an answer the claim itself will decide.
      const refused = await ask(userId).catch(() => undefined);
      if (refused === null) inVain.delete(userId);
      return refused ?? null;
    },
    begin(userId) {
      const now = time.now();
      const recent = (made.get(userId) ?? []).filter((at) => now - at < minuteMs);
      if (recent.length >= perMinute) {
        throw clientError('TOO_MANY_REQUESTS', `At most ${perMinute} claims a minute: try again later.`);
      }
      recent.push(now);
      made.set(userId, recent);
      return () => {
        const claims = made.get(userId) ?? [];
        const place = claims.indexOf(now);
        if (place >= 0) made.set(userId, claims.toSpliced(place, 1));
      };
    },
    turnedDown: (userId) => inVain.set(userId, true),
  };
}
