import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { createLruCache } from '../foundation/lru-cache.ts';

/**
 * For the documents that are asked over and over, some hundred kilobytes in all. A client that writes values into its
 * document makes another one with each request: those must not fill the memory (Apollo's own store grows to 130 MB).
 */
const keptBytes = 8_388_608;
/** A document without locations takes so many bytes of memory for each letter of its JSON (measured: 1.6 to 2.9). */
const memoryPerLetter = 3;

/** What a subgraph has parsed and validated, by Apollo Server's keys. Documents in it have no locations. */
export function createDocumentStore(): NonNullable<ApolloServerOptions<BaseContext>['documentStore']> {
  const documents = createLruCache<string, DocumentNode>(
    keptBytes,
    (document) => JSON.stringify(document).length * memoryPerLetter,
  );
  return {
    get: async (key) => documents.get(key),
    set: async (key, document) => documents.set(key, document),
    delete: async (key) => documents.delete(key),
  };
}
