import { z } from 'zod';
import { parseEvent, parserOf, streams } from '../../schema/events/index.ts';
import { subgraphs } from '../../schema/subgraphs.ts';
import { points, userId } from '../../schema/events/values.ts';
import {
  createAggregate,
  largestInt,
  ledTo,
  reactWith,
  wholeNumber,
  type Runtime,
  type Subgraph,
} from '../../platform/index.ts';
import { account, whyNot } from './point.ts';
import { policies } from './policies.ts';
import { createResolvers } from './resolvers.ts';
import { createPointStore, viewsVersion } from './store.ts';

export const settingsSchema = z.object({
  OVERTIME_FREE_MINUTES: wholeNumber(60, 0, largestInt).describe('how long a ride may take'),
  OVERTIME_STEP_MINUTES: wholeNumber(5, 1, largestInt).describe('after that, each begun step costs'),
  OVERTIME_STEP_PRICE: wholeNumber(200).describe('points per begun step'),
  OVERTIME_CAP: wholeNumber(30_000).describe('points per ride, at most'),
});

const standingQuestion = z.object({ userId, fee: points.positive() });

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

  /** Answers whether a claim would be refused now, before it is made. */
  async function standing(question: unknown) {
    const asked = standingQuestion.parse(question);
    const refused = whyNot(await accounts.state(streams.account(asked.userId)), asked.fee);
    return { refusal: refused ? { code: refused.refused, because: refused.because } : null };
  }

  return {
    resolvers: createResolvers({ store, overtime }),
    parts: [
      store,
      accounts,
      {
        prepare: () => Promise.resolve(),
        start() {
          runtime.bus.serve('point', 'account.standing', standing);
          runtime.bus.serve('point', 'tariff', () => Promise.resolve(overtime));
        },
      },
    ],
    follows: {
      publishers: subgraphs.point.follows,
      handle: reactWith(accounts, policies, parseEvent),
      ledTo: ledTo(accounts.journal, policies),
    },
  };
}
