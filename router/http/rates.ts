import type { GraphQLError } from 'graphql';
import { createLruCache, type Client } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import { rootFieldsOf, rootNames } from '../documents/root-fields.ts';

/** How often a client may ask, over every transport; of this router alone: others count for themselves. */
export interface Rates {
  /** Whether the client may begin one more operation. */
  take(client: Client): boolean;
  /** Why it may not ask for these fields now. */
  refuse(client: Client, operation: Pick<CheckedOperation, 'operation' | 'fragments'>): GraphQLError | undefined;
}

export interface RateLimits {
  /** Operations a second; 0 for any number. */
  perClient: number;
  /** So many at once, when it was quiet before. */
  burst: number;
  /** By the field, such as `Mutation.buyPoints`: so many a second of one client. */
  perField: ReadonlyMap<string, number>;
}

/** Clients that are remembered; one that is forgotten begins anew. */
const rememberedClients = 100_000;

export function createRates(limits: RateLimits, now: () => number = () => performance.now()): Rates {
  const operations = createBuckets(limits.perClient, limits.burst, now);
  const fields = new Map(
    [...limits.perField].map(([field, rate]) => {
      // At least one at a time, and at most those of a second.
      return [field, { most: rate, bucketOf: createBuckets(rate, rate, now) }];
    }),
  );
  return {
    take({ id }) {
      if (limits.perClient === 0) return true;
      const bucket = operations(id);
      const isFree = bucket.left >= 1;
      if (isFree) bucket.take(1);
      return isFree;
    },
    refuse({ id }, { operation, fragments }) {
      if (fields.size === 0) return undefined;
      const root = rootNames[operation.operation];
      const wanted: { bucket: Bucket; times: number }[] = [];
      for (const [name, times] of countOf(rootFieldsOf(operation, fragments))) {
        const field = `${root}.${name}`;
        const limit = fields.get(field);
        if (!limit) continue;
        if (times > limit.most) {
          const message = `The operation asks for ${field} ${times} times; a client may do so ${limit.most} times a second.`;
          return routerError('QUERY_TOO_COMPLEX', message);
        }
        const bucket = limit.bucketOf(id);
        if (bucket.left < times) {
          return routerError(
            'TOO_MANY_REQUESTS',
            `Too many requests of this client for ${field}. Try again in a second.`,
          );
        }
        wanted.push({ bucket, times });
      }
      // Once all are there: a refused operation takes nothing.
      for (const { bucket, times } of wanted) bucket.take(times);
      return undefined;
    },
  };
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** What one client may take now. */
interface Bucket {
  left: number;
  /** @param times not more than are left. */
  take(times: number): void;
}

/** Token buckets: each fills at `rate` a second up to `burst`. */
function createBuckets(rate: number, burst: number, now: () => number): (id: string) => Bucket {
  const buckets = createLruCache<string, { left: number; at: number }>(rememberedClients);
  return (id) => {
    const at = now();
    const bucket = buckets.get(id) ?? { left: burst, at };
    const left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * rate);
    return { left, take: (times) => buckets.set(id, { left: left - times, at }) };
  };
}
