import { z } from 'zod';
import { parseEvent, parserOf } from '../../schema/events/index.ts';
import { createAggregate, reactWith, largestInt, wholeNumber, type Runtime, type Subgraph } from '../chassis/index.ts';
import { account } from './point.ts';
import { policies } from './policies.ts';
import { createResolvers } from './resolvers.ts';
import { createPointStore, viewsVersion } from './store.ts';

const settingsSchema = z.object({
  OVERTIME_FREE_MINUTES: wholeNumber(60, 0, largestInt),
  OVERTIME_STEP_MINUTES: wholeNumber(5, 1, largestInt),
  OVERTIME_STEP_PRICE: wholeNumber(200),
  OVERTIME_CAP: wholeNumber(30_000),
});

/** The ledger. It follows payments and reservations. */
export function createPoint(runtime: Runtime): Subgraph {
  const settings = runtime.readSettings(settingsSchema);
  const store = createPointStore(runtime.database);
  const overtime = {
    freeMinutes: settings.OVERTIME_FREE_MINUTES,
    stepMinutes: settings.OVERTIME_STEP_MINUTES,
    stepPrice: settings.OVERTIME_STEP_PRICE,
    cap: settings.OVERTIME_CAP,
  };
  const accounts = createAggregate(runtime, {
    decider: account(overtime),
    changesOf: store.changesOf,
    parse: parserOf('point'),
    viewsVersion,
  });
  return {
    resolvers: createResolvers({ store, overtime }),
    parts: [store, accounts],
    follows: { publishers: ['approval', 'reservation'], handle: reactWith(accounts, policies, parseEvent) },
  };
}
