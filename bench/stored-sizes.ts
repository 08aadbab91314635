import mongoose from 'mongoose';
import { subgraphNames } from '../schema/subgraphs.ts';
import type { TestSystem } from '../test/support/system.ts';

/** What a collection holds: documents, their bytes (BSON) and those of its indexes, as the server counts them. */
export interface StoredSize {
  documents: number;
  bytes: number;
  indexBytes: number;
}

/** The size of every collection of a system, as `service.collection`. */
export async function storedSizes({
  env,
  name,
}: Pick<TestSystem, 'env' | 'name'>): Promise<Record<string, StoredSize>> {
  const connection = await mongoose.createConnection(env['MONGODB_URI'] ?? '').asPromise();
  try {
    const sizes: Record<string, StoredSize> = {};
    for (const service of subgraphNames) {
      const database = connection.getClient().db(`${name}_${service}`);
      for (const { name: collection } of await database.listCollections().toArray()) {
        const { count, size, totalIndexSize } = await database.command({ collStats: collection });
        sizes[`${service}.${collection}`] = {
          documents: Number(count),
          bytes: Number(size),
          indexBytes: Number(totalIndexSize),
        };
      }
    }
    return sizes;
  } finally {
    await connection.close();
  }
}
