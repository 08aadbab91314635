import mongoose from 'mongoose';
import type { Cluster } from './cluster.ts';

type Database = ReturnType<ReturnType<mongoose.Connection['getClient']>['db']>;

/** A connection of its own to a service's database, past the proxies. */
export async function withDatabase<Result>(
  { env, name }: Pick<Cluster, 'env' | 'name'>,
  service: string,
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  const options = { serverSelectionTimeoutMS: 2_000, socketTimeoutMS: 5_000 };
  const connection = await mongoose.createConnection(env['MONGODB_URI'] ?? '', options).asPromise();
  try {
    return await use(connection.getClient().db(`${name}_${service}`));
  } finally {
    await connection.close();
  }
}
