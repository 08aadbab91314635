import { clientError, createLruCache, type Time } from '../../platform/index.ts';
import type { RejectionCode } from './reservation.ts';

/** Why point would turn a rider down. */
export interface Refused {
  code: RejectionCode;
  because: string;
}

/**
 * What a claim costs whoever makes it: a bike that is claimed is nobody else's until point has said no. So a rider whom
 * point turned down is asked about first the next time, and nobody claims without end. Each instance counts for itself.
 */
export interface Claims {
  /** Why the rider's claim would be in vain; null when it would not, or nobody can say. */
  whyNot(userId: string): Promise<Refused | null>;
  /** Counts a claim. @returns how to take that back, when none stands. @throws a client error TOO_MANY_REQUESTS. */
  begin(userId: string): () => void;
  /** Point turned the rider down. */
  turnedDown(userId: string): void;
}

export interface ClaimsOptions {
  /** Asks point, which knows best. @throws when it does not answer. */
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
      // Without an answer the claim itself will tell.
      const refused = await ask(userId).catch(() => undefined);
      if (refused === null) inVain.delete(userId);
      return refused ?? null;
    },
    begin(userId) {
      const now = time.now();
      const recent = (made.get(userId) ?? []).filter((at) => Math.abs(now - at) < minuteMs);
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
