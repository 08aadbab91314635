import { describe, expect, it } from '@jest/globals';
import { itDecides } from '../../test/support/decision-table.ts';
import type { ApprovalEvent, NewEvent } from '../../schema/events/index.ts';
import { specificationOf } from '../../platform/event-core/specification.ts';
import { approval, whyNot, type Approval, type BuyPoints, type Payment } from './approval.ts';

const at = '2026-11-23T09:00:00.000Z';
const maxPurchase = 1_000_000;
const decider = approval;
const { given } = specificationOf(decider, at);

const payment = { confirmId: 7, userId: '10', price: 3000 };
const buy = (price = 3000, answer: Payment = { approved: true }): BuyPoints => ({
  type: 'BuyPoints',
  ...payment,
  price,
  payment: answer,
});
const noMoney: Payment = { approved: false, because: 'The card was declined.' };
const approved: NewEvent<ApprovalEvent> = { type: 'PointPurchaseApproved', data: { ...payment, approvedAt: at } };
const declined: NewEvent<ApprovalEvent> = {
  type: 'PointPurchaseDeclined',
  data: { ...payment, because: 'The card was declined.', declinedAt: at },
};

describe('a purchase of points', () => {
  it('is approved when the payment went through', () => {
    given().when(buy()).then(approved);
  });

  it('is declined in the words of the payment provider when it did not', () => {
    given().when(buy(3000, noMoney)).then(declined);
  });

  it('that was paid for is owed, whatever the largest purchase is by now', () => {
    for (const price of [1, maxPurchase + 1, Number.MAX_SAFE_INTEGER]) {
      given()
        .when(buy(price))
        .then({ type: 'PointPurchaseApproved', data: { ...payment, price, approvedAt: at } });
    }
  });

  it('has a price that is judged before anybody is charged', () => {
    expect([1, maxPurchase].map((price) => whyNot(price, maxPurchase))).toEqual([null, null]);
    // A Long beyond the exact numbers arrives as a bigint.
    for (const price of [0, -1, -3000, 1.5, NaN, Infinity, maxPurchase + 1, 2 ** 53, 2n ** 53n, -(2n ** 63n)]) {
      expect(whyNot(price, maxPurchase)).toContain('from 1 to 1000000');
    }
  });

  it('has a limit that a setting moves', () => {
    expect(whyNot(501, 500)).toContain('from 1 to 500');
  });

  it('keeps what was paid and what the provider said', () => {
    expect(decider.evolve(decider.initial, approved)).toEqual({
      ...payment,
      status: 'APPROVED',
      approveDate: at,
      because: null,
    });
    expect(decider.evolve(decider.initial, declined)).toEqual({
      ...payment,
      status: 'DECLINED',
      approveDate: at,
      because: 'The card was declined.',
    });
  });
});

describe('a purchase decides on', () => {
  itDecides<
    Approval,
    BuyPoints,
    NewEvent<ApprovalEvent>,
    Approval['status'],
    BuyPoints['type'] | 'BuyPoints with a declined card'
  >({
    decider,
    situations: { none: [], APPROVED: [approved], DECLINED: [declined] },
    commands: {
      BuyPoints: { command: buy(), at },
      'BuyPoints with a declined card': { command: buy(3000, noMoney), at },
    },
    outcomes: {
      BuyPoints: { PointPurchaseApproved: ['none'], nothing: ['APPROVED', 'DECLINED'] },
      'BuyPoints with a declined card': { PointPurchaseDeclined: ['none'], nothing: ['APPROVED', 'DECLINED'] },
    },
  });
});
