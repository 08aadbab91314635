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
  /** `Mutation.buyPoints=5`: so many a second of one client. */
  perField: readonly string[];
}

/** Clients that are remembered; one that is forgotten begins anew. */
const rememberedClients = 100_000;

export function createRates(limits: RateLimits, now: () => number = () => performance.now()): Rates {
  const operations = createBuckets(limits.perClient, limits.burst, now);
  const fields = new Map(
    ratesByField(limits.perField).map(([field, rate]) => {
      // At least one at a time, and at most those of a second.
      return [field, { most: rate, take: createBuckets(rate, rate, now) }];
    }),
  );
  return {
    take: ({ id }) => limits.perClient === 0 || operations(id, 1),
    refuse({ id }, { operation, fragments }) {
      if (fields.size === 0) return undefined;
      const root = rootNames[operation.operation];
      for (const [name, times] of countOf(rootFieldsOf(operation, fragments))) {
        const field = `${root}.${name}`;
        const limit = fields.get(field);
        if (limit && times > limit.most) {
          const message = `The operation asks for ${field} ${times} times; a client may do so ${limit.most} times a second.`;
          return routerError('QUERY_TOO_COMPLEX', message);
        }
        if (limit?.take(id, times) === false) {
          return routerError(
            'TOO_MANY_REQUESTS',
            `Too many requests of this client for ${field}. Try again in a second.`,
          );
        }
      }
      return undefined;
    },
  };
}

const ratesByField = (perField: readonly string[]) =>
  perField.map((text) => {
    const [field = '', rate] = text.split('=');
    return [field, Number(rate)] as const;
  });

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Token buckets: each fills at `rate` a second up to `burst`. Takes so many, or none. */
function createBuckets(rate: number, burst: number, now: () => number): (id: string, times: number) => boolean {
  const buckets = createLruCache<string, { left: number; at: number }>(rememberedClients);
  return (id, times) => {
    const at = now();
    const bucket = buckets.get(id) ?? { left: burst, at };
    const left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * rate);
    const isFree = left >= times;
    buckets.set(id, { left: isFree ? left - times : left, at });
    return isFree;
  };
}
