import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { createLruCache } from '../foundation/lru-cache.ts';

/**
 * For the documents that are sent over and over, some hundred kilobytes in all. A client that writes values into its
 * document makes another one with each request: those must not fill the memory (Apollo's own store grows to 130 MB).
 */
const keptBytes = 8_388_608;
/** Memory in bytes per character of its JSON that a document without locations takes (measured: 1.6 to 2.9). */
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
