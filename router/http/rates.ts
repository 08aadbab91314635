import { OperationTypeNode, type GraphQLError } from 'graphql';
import { createLruCache, type Client } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import { rootFieldsOf } from '../documents/root-fields.ts';

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
    limits.perField.map((text) => {
      const [field = '', rate] = text.split('=');
      // At least one at a time, and at most those of a second.
      return [field, createBuckets(Number(rate), Number(rate), now)];
    }),
  );
  return {
    take: ({ id }) => limits.perClient === 0 || operations(id),
    refuse({ id }, { operation, fragments }) {
      if (fields.size === 0) return undefined;
      const root = rootNames[operation.operation];
      for (const name of rootFieldsOf(operation, fragments)) {
        const field = `${root}.${name}`;
        if (fields.get(field)?.(id) === false) {
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

const rootNames = {
  [OperationTypeNode.QUERY]: 'Query',
  [OperationTypeNode.MUTATION]: 'Mutation',
  [OperationTypeNode.SUBSCRIPTION]: 'Subscription',
};

/** Token buckets: each fills at `rate` a second up to `burst`. */
function createBuckets(rate: number, burst: number, now: () => number): (id: string) => boolean {
  const buckets = createLruCache<string, { left: number; at: number }>(rememberedClients);
  return (id) => {
    const at = now();
    const bucket = buckets.get(id) ?? { left: burst, at };
    const left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * rate);
    const isFree = left >= 1;
    buckets.set(id, { left: isFree ? left - 1 : left, at });
    return isFree;
  };
}
