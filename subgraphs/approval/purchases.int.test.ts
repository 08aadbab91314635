import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parserOf } from '../../schema/events/index.ts';
import { createAggregate, type Origin } from '../../platform/index.ts';
import { ContractError, UnavailableError } from '../../platform/foundation/errors.ts';
import { createLogbook, createStage, type Stage } from '../../platform/service/testing.ts';
import { approval } from './approval.ts';
import { createCharges, type Charges } from './charges.ts';
import type { Charge } from './payments.ts';
import { createPurchases, type Purchases } from './purchases.ts';
import { createResolvers } from './resolvers.ts';
import { createApprovalStore, viewsVersion, type ApprovalStore } from './store.ts';

const purchase = { userId: 'rider', price: 1_000, paymentToken: 'token' };
const body = { mutation: 'buyPoints', ...purchase };
const asked: Charge[] = [];
let failing = false;
/** What becomes of the charge with this token, if not what becomes of others. */
const failures = new Map<string | null, Error>();
let now = Date.now();
const logbook = createLogbook();
let stage: Stage;
let store: ApprovalStore;
let charges: Charges;
let purchases: Purchases;

beforeAll(async () => {
  stage = await createStage();
  const runtime = await stage.runtime('approval');
  store = createApprovalStore(runtime.database);
  const parts = { decider: approval, changesOf: store.changesOf, parse: parserOf('approval'), viewsVersion };
  const approvals = createAggregate(runtime, parts);
  charges = createCharges(runtime.database);
  await Promise.all([store.prepare(), charges.prepare(), approvals.prepare()]);
  purchases = createPurchases({
    ...{ approvals, charges, logger: logbook.logger, clock: () => new Date(now), retryMs: 1_000, retryMaxMs: 60_000 },
    charge: (charge) => {
      const failure = failures.get(charge.paymentToken);
      if (failure) return Promise.reject(failure);
      if (failing) return Promise.reject(new UnavailableError('no answer'));
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

  it('that was decided, or begun, is what its key stands for, though only less may be bought by now', async () => {
    const buy = async (maxPurchase: number, price: number, idempotencyKey: string) => {
      const points = { arrived: () => Promise.resolve(true), stop: () => undefined };
      const { Mutation } = createResolvers({ store, purchases, maxPurchase, expectPoints: () => points });
      const context = { viewer: { userId: 'rider', roles: ['rider'] }, correlationId: 'request' };
      return (Mutation as Record<string, Buy>)['buyPoints']?.({}, { input: { price, idempotencyKey } }, context);
    };
    const approved = { approval: { status: 'APPROVED', price: 500 }, refusal: null };
    const tooMuch = { approval: null, refusal: { code: 'INVALID_PRICE' } };
    expect(await buy(500, 500, 'decided')).toMatchObject(approved);
    failing = true;
    await expect(buy(500, 500, 'begun')).rejects.toBeInstanceOf(UnavailableError);
    failing = false;
    for (const key of ['decided', 'begun']) {
      expect(await buy(100, 500, key)).toMatchObject(approved);
      expect(await buy(100, 501, key)).toMatchObject(tooMuch);
    }
    expect(await buy(100, 500, 'new')).toMatchObject(tooMuch);
  });

  it('that cannot be settled is told with its key and its request, also behind one that waits for the provider', async () => {
    const begin = (name: string, failure: Error) => {
      failures.set(name, failure);
      const origin = originOf({ cause: `key:rider:${name}`, correlationId: `request of ${name}` });
      return purchases.buy({ ...purchase, paymentToken: name }, origin).catch(() => undefined);
    };
    await begin('silent', new UnavailableError('no answer'));
    await begin('odd 1', new TypeError('not what it should be'));
    await begin('odd 2', new TypeError('nor this'));
    await begin('fine', new UnavailableError('no answer'));
    failures.delete('fine');
    logbook.lines.length = 0;
    now += 1_000;
    await purchases.settleDue();
    const told = logbook.lines.filter(({ err }) => err !== undefined);
    expect(told.map(({ cause, correlationId }) => [cause, correlationId]).toSorted()).toEqual([
      ['key:rider:odd 1', 'request of odd 1'],
      ['key:rider:odd 2', 'request of odd 2'],
    ]);
    expect(await charges.find('key:rider:fine')).toBeNull();
    for (const name of failures.keys()) expect(await charges.find(`key:rider:${name}`)).toMatchObject({ attempts: 1 });
  });
});

type Buy = (root: object, given: { input: object }, context: object) => Promise<unknown>;
