import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parserOf } from '../../schema/events/index.ts';
import { createAggregate, type Origin } from '../../platform/index.ts';
import { ContractError } from '../../platform/foundation/errors.ts';
import { createStage, type Stage } from '../../platform/service/testing.ts';
import { approval } from './approval.ts';
import { createCharges, type Charges } from './charges.ts';
import type { Charge } from './payments.ts';
import { createPurchases, type Purchases } from './purchases.ts';
import { createApprovalStore, viewsVersion } from './store.ts';

const purchase = { userId: 'rider', price: 1_000, paymentToken: 'token' };
const body = { mutation: 'buyPoints', ...purchase };
const asked: Charge[] = [];
let stage: Stage;
let charges: Charges;
let purchases: Purchases;

beforeAll(async () => {
  stage = await createStage();
  const runtime = await stage.runtime('approval');
  const { changesOf, prepare } = createApprovalStore(runtime.database);
  const parts = { decider: approval, changesOf, parse: parserOf('approval'), viewsVersion };
  const approvals = createAggregate(runtime, parts);
  charges = createCharges(runtime.database);
  await Promise.all([prepare(), charges.prepare(), approvals.prepare()]);
  purchases = createPurchases({
    ...{ approvals, charges, logger: runtime.logger, clock: runtime.clock, retryMs: 1_000, retryMaxMs: 60_000 },
    charge: (charge) => {
      asked.push(charge);
      return Promise.resolve({ approved: true });
    },
  });
});
afterAll(() => stage.close());

describe('a purchase', () => {
  const originOf = (more: Partial<Origin>): Origin => ({
    ...{ cause: 'key:rider:1', correlationId: 'request', causationId: 'request', body },
    ...more,
  });

  it('is turned down before anybody is charged when no journal would keep it as it is', async () => {
    const half = fc
      .oneof(fc.constantFrom('\ud83d', '\ude00\ud83d', 'a\udc00b'), fc.string({ unit: 'binary' }))
      .filter((text) => !text.isWellFormed());
    const unfit = half.chain((text) =>
      fc.constantFrom(
        originOf({ cause: `key:rider:${text}` }),
        originOf({ correlationId: text }),
        originOf({ causationId: text }),
        originOf({ traceparent: text }),
        originOf({ body: { ...body, paymentToken: text } }),
        originOf({ body: { ...body, [text]: 1 } }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(unfit, async (origin) => {
        await expect(purchases.buy(purchase, origin)).rejects.toBeInstanceOf(ContractError);
        expect([asked, await charges.find(origin.cause)]).toEqual([[], null]);
      }),
    );
  });

  it('goes through as it is otherwise', async () => {
    const settled = await purchases.buy(purchase, originOf({}));
    expect(settled).toMatchObject({ kind: 'answered', approval: { status: 'APPROVED', price: 1_000 } });
    expect(asked).toMatchObject([{ userId: 'rider', amount: 1_000 }]);
  });
});
