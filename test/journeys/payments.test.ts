import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BuyPointsDocument } from '../../schema/client/generated/graphql.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startPaymentProvider, unclear, type Manner, type PaymentProvider } from '../support/payment-provider.ts';
import { rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const patience = {
  PAYMENT_TIMEOUT_MS: '2000',
  PAYMENT_RETRY_MS: '300',
  PAYMENT_RETRY_MAX_MS: '600',
  SETTLE_EVERY_MS: '50',
};

const newcomer = (system: TestSystem) => rider(system, `payer-${randomUUID().slice(0, 8)}`);

function takenFrom(provider: PaymentProvider, userId: string): number {
  const charges = provider.taken().filter((charge) => charge.userId === userId);
  return charges.reduce((sum, { amount }) => sum + amount, 0);
}

describe.each(['key', 'key and body'] as const)('a payment provider that dedupes by %s', (dedupesBy) => {
  let provider: PaymentProvider;
  let system: TestSystem;

  beforeAll(async () => {
    provider = await startPaymentProvider(dedupesBy);
    system = await startSystem({ env: { ...patience, PAYMENT_PROVIDER_URL: provider.url } });
  }, 240_000);
  afterAll(async () => {
    await checkInvariants(system);
    await system.close();
    await provider.close();
  }, 240_000);
  // In any case, a key stood for one body.
  afterEach(() => expect(provider.torn()).toEqual([]));

  it('charges one price for one key, whichever of two comes first', async () => {
    const user = await newcomer(system);
    const outcomes = await Promise.all([1, 1_000_000].map((price) => user.buys(price, 'one key')));
    expect(outcomes.toSorted()).toEqual(['APPROVED', 'IDEMPOTENCY_KEY_REUSED']);
    const [price, other] = outcomes[0] === 'APPROVED' ? [1, 1_000_000] : [1_000_000, 1];
    expect([takenFrom(provider, user.userId), await user.points()]).toEqual([price, price]);
    expect(await user.buys(other, 'one key')).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await user.buys(price, 'one key')).toBe('APPROVED');
    expect([takenFrom(provider, user.userId), await user.points()]).toEqual([price, price]);
  });

  it('takes what is credited, for every key once, whatever it does and in whatever order', async () => {
    const manner = fc.constantFrom<Manner>('approves', 'declines', 'is slow', 'answers twice', ...unclear);
    const purchase = fc.record({ key: fc.constantFrom('a', 'b', 'c'), price: fc.constantFrom(10, 200, 3000) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(manner, { maxLength: 8 }),
        fc.array(fc.array(purchase, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        async (manners, rounds) => {
          const user = await newcomer(system);
          provider.next(...manners);
          for (const round of rounds) {
            await Promise.allSettled(round.map(({ key, price }) => user.buys(price, key)));
          }
          // The provider gives a clear answer when asked once more.
          provider.next();
          await until('every purchase has an answer', async () => {
            const answers = await Promise.allSettled(rounds.flat().map(({ key, price }) => user.buys(price, key)));
            return answers.every(({ status }) => status === 'fulfilled');
          });
          expect(await user.points()).toBe(takenFrom(provider, user.userId));
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
  }, 120_000);
});

describe('a payment provider', () => {
  let provider: PaymentProvider;
  let system: TestSystem;

  beforeAll(async () => {
    provider = await startPaymentProvider();
    system = await startSystem({ env: { ...patience, PAYMENT_PROVIDER_URL: provider.url } });
  }, 240_000);
  afterAll(async () => {
    await checkInvariants(system);
    await system.close();
    await provider.close();
  }, 240_000);
  // In any case, a key stood for one body.
  afterEach(() => expect(provider.torn()).toEqual([]));

  it('is asked by keys that any header can carry', async () => {
    const user = await newcomer(system);
    expect(await user.buys(500, '열쇠 🔑')).toBe('APPROVED');
    expect(provider.taken().at(-1)?.idempotencyKey).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['a userId of 300 letters', { userId: 'x'.repeat(300) }],
    ['a price of nothing', { price: 0 }],
    ['a price beyond the largest', { price: 1_000_001 }],
    ['a key of 256 letters', { idempotencyKey: 'k'.repeat(256) }],
    ['half a character in the userId', { userId: 'u\ud83d' }],
  ])('is not asked for %s', async (_what, part) => {
    const operator = await system.client('boss', 'operator');
    const before = provider.requests();
    const answer = await operator
      .request(BuyPointsDocument, { input: { price: 1000, ...part } })
      .then(({ buyPoints }) => buyPoints.refusal?.code)
      .catch((error: unknown) => (error as { code: string }).code);
    expect(answer).toMatch(/^(BAD_USER_INPUT|INVALID_PRICE)$/);
    expect(provider.requests()).toBe(before);
  });

  it('that declines is believed for good', async () => {
    const user = await newcomer(system);
    provider.next('declines');
    expect(await user.buys(700, 'no')).toBe('PAYMENT_DECLINED');
    expect(await user.buys(700, 'no')).toBe('PAYMENT_DECLINED');
    expect([takenFrom(provider, user.userId), await user.points()]).toEqual([0, 0]);
  });

  it.each<Manner>(['is slow', 'answers twice', 'approves without an echo'])('that %s has charged', async (manner) => {
    const user = await newcomer(system);
    provider.next(manner);
    expect(await user.buys(700)).toBe('APPROVED');
    expect([takenFrom(provider, user.userId), await user.points()]).toEqual([700, 700]);
  });

  it.each<Manner>(['charges another amount', 'names another currency'])('that %s credits nothing', async (manner) => {
    const user = await newcomer(system);
    provider.next(manner);
    expect(await user.buys(700, 'odd')).toBe('PAYMENT_MISMATCH');
    expect(await user.buys(700, 'odd')).toBe('PAYMENT_MISMATCH');
    expect(await user.buys(701, 'odd')).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await user.points()).toBe(0);
    const approval = await fetch(`http://127.0.0.1:${system.services?.approval.port}/metrics`);
    expect(await approval.text()).toMatch(/^ttareungi_payments_disputed\{.*\} [1-9]/m);
  });

  it.each(unclear)('that %s is asked again by the rider', async (manner) => {
    const user = await newcomer(system);
    provider.next(manner);
    await expect(user.buys(700, 'again')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await user.buys(700, 'again')).toBe('APPROVED');
    expect([takenFrom(provider, user.userId), await user.points()]).toEqual([700, 700]);
  });

  it.each(unclear)(
    'that %s is asked again although the rider never comes back, with a key or without',
    async (manner) => {
      const user = await newcomer(system);
      provider.next(manner, manner);
      const unknown = { code: 'SERVICE_UNAVAILABLE' };
      await expect(user.buys(700, 'gone')).rejects.toMatchObject(unknown);
      await until('the points are there', async () => (await user.points()) === 700);
      provider.next(manner);
      await expect(user.buys(50)).rejects.toMatchObject(unknown);
      await until('those too', async () => (await user.points()) === 750);
      expect(takenFrom(provider, user.userId)).toBe(750);
    },
  );
});

describe('an approval service that dies', () => {
  let provider: PaymentProvider;
  let system: TestSystem;

  beforeEach(async () => {
    provider = await startPaymentProvider();
    system = await startSystem({ mode: 'many', env: { ...patience, PAYMENT_PROVIDER_URL: provider.url } });
  }, 240_000);
  afterEach(async () => {
    await checkInvariants(system);
    await system.close();
    await provider.close();
  }, 240_000);

  it('between the charge and the decision credits what was paid once it is back, once', async () => {
    const approval = system.processes?.approval;
    const user = await rider(system, 'payer');
    await approval?.kill();
    await approval?.restart({ CRASH_AT: 'before-insert' });
    await expect(user.buys(4000, 'lost')).rejects.toBeInstanceOf(Error);
    await approval?.ended();
    expect(provider.taken()).toMatchObject([{ userId: 'payer', amount: 4000 }]);
    await approval?.restart();
    await until('the points are there', async () => (await user.points()) === 4000);
    expect(await user.buys(4000, 'lost')).toBe('APPROVED');
    expect([await user.points(), provider.taken().length]).toEqual([4000, 1]);
  }, 120_000);
});
