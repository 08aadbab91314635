import { AsyncLocalStorage } from 'node:async_hooks';
import { isObjectType, type GraphQLSchema } from 'graphql';
import type { Connection, Schema } from 'mongoose';
import { UnavailableError } from '../foundation/errors.ts';
import type { Unwanted } from './unwanted.ts';

/** Signals that no client waits for an answer any more. */
export interface Abandonable {
  /** Absent where the work is finished in any case. */
  unwanted?: Unwanted | undefined;
}

/** @throws {UnavailableError} once no client waits. */
export function throwIfUnwanted({ unwanted }: Abandonable): void {
  if (unwanted?.aborted) throw new UnavailableError('No client waits for this answer any more.');
}

/** Skips fields that have not started once no client waits for the answer: the router gave up, or its client left. */
export function skipUnwanted(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (!resolve) continue;
      field.resolve = (source, given, context, info) => {
        throwIfUnwanted(context as Abandonable);
        return resolve(source, given, context, info);
      };
    }
  }
}

const forRequests = new AsyncLocalStorage<true>();

/** Does the work of a request: `boundReads` limits its reads from the database. */
export const servingRequest = <Result>(work: () => Result): Result => forRequests.run(true, work);

/**
 * Makes the database abort a request's read after `maxTimeMs`, even while its client still waits. Our own reads (a
 * rebuild walks through everything) take as long as they take.
 */
export function boundReads(database: Connection, maxTimeMs: number): void {
  database.plugin((schema: Schema) => {
    schema.pre(['find', 'findOne', 'countDocuments', 'distinct'], function () {
      if (forRequests.getStore()) this.setOptions({ maxTimeMS: maxTimeMs });
    });
    schema.pre('aggregate', function () {
      if (forRequests.getStore()) this.option({ maxTimeMS: maxTimeMs });
    });
  });
}
