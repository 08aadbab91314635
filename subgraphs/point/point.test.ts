import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { pointEvents } from '../../schema/events/point.ts';
import type { NewEvent, PointEvent } from '../../schema/events/index.ts';
import { overtimePrice, type OvertimeRule } from '../../schema/overtime.ts';
import { itDecides } from '../../test/support/decision-table.ts';
import { createDice, type Dice } from '../../cli/demo/dice.ts';
import { isRefusal } from '../../platform/event-core/decider.ts';
import { specificationOf } from '../../platform/event-core/specification.ts';
import { entryOf, type LedgerEntry } from './ledger.ts';
import { account, overtimesKept, type Account, type PointCommand } from './point.ts';

type NewPointEvent = NewEvent<PointEvent>;
type DataOf<Type extends NewPointEvent['type']> = Extract<NewPointEvent, { type: Type }>['data'];

const at = '2026-11-23T09:00:00.000Z';
const userId = '10';
const rule: OvertimeRule = { freeMinutes: 60, stepMinutes: 5, stepPrice: 200, cap: 30_000 };
const decider = account(rule);
const { given } = specificationOf(decider, at);

const increase = (price: number, confirmId = 1): PointCommand => ({
  type: 'IncreasePoints',
  userId,
  confirmId,
  price,
});
const deduct = (reserveNo = 5, fee = 1000): PointCommand => ({
  type: 'DeductPoints',
  userId,
  reserveNo,
  bikeId: 17,
  fee,
});
const restore = (reserveNo = 5): PointCommand => ({ type: 'RestorePoints', userId, reserveNo });
const settle = (rideMinutes: number | null, reserveNo = 5): PointCommand => ({
  type: 'SettleRide',
  userId,
  reserveNo,
  startedAt: rideMinutes === null ? null : '2026-11-23T00:00:00.000Z',
  returnedAt: afterMinutes(rideMinutes ?? 0),
});
const putRight = (rideMinutes: number, reserveNo = 5): PointCommand => ({
  type: 'RestoreOvertime',
  ...{ userId, reserveNo, startedAt: '2026-11-23T00:00:00.000Z', returnedAt: afterMinutes(rideMinutes) },
});
const afterMinutes = (minutes: number) =>
  new Date(Date.parse('2026-11-23T00:00:00.000Z') + minutes * 60_000).toISOString();

const increased = (amount: number, balanceAfter: number, confirmId = 1): NewPointEvent => ({
  type: 'PointsIncreased',
  data: { userId, confirmId, amount, balanceAfter, at },
});
const deducted = (balanceAfter: number, reserveNo = 5, amount = 1000): NewPointEvent => ({
  type: 'PointsDeducted',
  data: { userId, reserveNo, bikeId: 17, amount, balanceAfter, at },
});
const restored = (balanceAfter: number, reserveNo = 5): NewPointEvent => ({
  type: 'PointsRestored',
  data: { userId, reserveNo, amount: 1000, balanceAfter, at },
});
const settled = (reserveNo = 5): NewPointEvent => ({ type: 'ReservationSettled', data: { userId, reserveNo, at } });
const overtime = (amount: number, balanceAfter: number, owed: number, reserveNo = 5): NewPointEvent => ({
  type: 'OvertimeCharged',
  data: { userId, reserveNo, amount, balanceAfter, owed, at },
});
/** The same, of the ride's end: by which tariff it was charged. */
const charged = (amount: number, balanceAfter: number, owed: number): NewPointEvent => ({
  type: 'OvertimeCharged',
  data: { userId, reserveNo: 5, amount, balanceAfter, owed, rule, at },
});
const restoredOvertime = (amount: number, balanceAfter: number, owed: number, reserveNo = 5): NewPointEvent => ({
  type: 'OvertimeRestored',
  data: { userId, reserveNo, amount, balanceAfter, owed, at },
});
const refused = (code: DataOf<'PointsRefused'>['code'], because: string): NewPointEvent => ({
  type: 'PointsRefused',
  data: { userId, reserveNo: 5, bikeId: 17, code, because, at },
});
const noAccount = refused('NO_POINT_ACCOUNT', 'The rider never bought points.');
const inDebt = [increased(1000, 1000), deducted(0, 4), settled(4), overtime(0, 0, 400, 4)];

describe('an account', () => {
  it('is opened by the first purchase and raised by the next', () => {
    given().when(increase(3000)).then(increased(3000, 3000));
    given(increased(3000, 3000))
      .when(increase(5000, 2))
      .then(increased(5000, 8000, 2));
  });

  it('pays a reservation and gives the fee back when it was cancelled', () => {
    given(increased(8000, 8000)).when(deduct()).then(deducted(7000));
    given(increased(8000, 8000), deducted(7000)).when(restore()).then(restored(8000));
  });

  it('pays with its last point, and not with one too few', () => {
    given(increased(1000, 1000)).when(deduct()).then(deducted(0));
    given(increased(999, 999))
      .when(deduct())
      .then(refused('INSUFFICIENT_POINTS', 'A reservation costs 1000 points; the account has 999.'));
  });

  it('without any purchase pays nothing', () => {
    given().when(deduct()).then(noAccount);
    given(noAccount).when(deduct()).then(noAccount);
  });

  it('pays for one live reservation at a time', () => {
    const second = refused('RIDER_HAS_LIVE_RESERVATION', 'The rider already has a reservation or a ride.');
    given(increased(8000, 8000), deducted(7000, 4)).when(deduct(5)).then(second);
    given(increased(8000, 8000), deducted(7000, 4), settled(4)).when(deduct(5)).then(deducted(6000, 5));
    given(increased(8000, 8000), deducted(7000, 4), restored(8000, 4)).when(deduct(5)).then(deducted(7000, 5));
  });

  it('gives a fee back once, and never for another reservation', () => {
    given(increased(8000, 8000), deducted(7000), restored(8000)).when(restore()).then();
    given(increased(8000, 8000), deducted(7000)).when(restore(6)).then();
    given(increased(8000, 8000), noAccount).when(restore()).then();
  });

  it('gives nothing back for a ride that was returned', () => {
    given(increased(8000, 8000), deducted(7000)).when(settle(null)).then(settled());
    given(increased(8000, 8000), deducted(7000)).when(settle(30)).then(settled());
    given(increased(8000, 8000), deducted(7000), settled()).when(restore()).then();
  });

  it('gives back what was deducted, even when the fee has changed since', () => {
    given(increased(8000, 8000), deducted(7500, 5, 500))
      .when(restore())
      .then({ type: 'PointsRestored', data: { userId, reserveNo: 5, amount: 500, balanceAfter: 8000, at } });
  });
});

describe('overtime', () => {
  it.each([
    [0, 0],
    [59.99, 0],
    [60, 0],
    [60 + 1 / 60_000, 200],
    [65, 200],
    [65 + 1 / 60_000, 400],
    [72.5, 600],
    [809.9, 30_000],
    [810, 30_000],
    [815, 30_000],
    [10_000, 30_000],
    [-5, 0],
  ])('for a ride of %d minutes is %d points', (minutes, price) => {
    expect(overtimePrice(minutes * 60_000, rule)).toBe(price);
  });

  it('follows its settings', () => {
    const other = { freeMinutes: 10, stepMinutes: 1, stepPrice: 7, cap: 50 };
    expect([10, 11, 17, 60].map((minutes) => overtimePrice(minutes * 60_000, other))).toEqual([0, 7, 49, 50]);
  });

  it('is paid from the balance when the ride is settled', () => {
    given(increased(8000, 8000), deducted(7000))
      .when(settle(72.5))
      .then(settled(), charged(600, 6400, 0));
  });

  it('takes what the balance has and is owed for the rest', () => {
    given(increased(1300, 1300), deducted(300))
      .when(settle(72.5))
      .then(settled(), charged(300, 0, 300));
    given(increased(1000, 1000), deducted(0))
      .when(settle(72.5))
      .then(settled(), charged(0, 0, 600));
  });

  it('that is owed blocks the next reservation', () => {
    given(...inDebt)
      .when(deduct())
      .then(refused('OUTSTANDING_DEBT', 'Overtime of 400 points is unpaid.'));
  });

  it('that is owed is paid by the next purchase first', () => {
    given(...inDebt)
      .when(increase(3000, 2))
      .then(increased(3000, 3000, 2), overtime(400, 2600, 0, 4));
  });

  it('that is owed is paid in parts by small purchases, then the rider may reserve again', () => {
    given(...inDebt)
      .when(increase(100, 2))
      .then(increased(100, 100, 2), overtime(100, 0, 300, 4));
    const paidPart = [...inDebt, increased(100, 100, 2), overtime(100, 0, 300, 4)];
    given(...paidPart)
      .when(increase(1300, 3))
      .then(increased(1300, 1300, 3), overtime(300, 1000, 0, 4));
    const paid = [...paidPart, increased(1300, 1300, 3), overtime(300, 1000, 0, 4)];
    given(...paid)
      .when(deduct())
      .then(deducted(0));
    given(...paid)
      .when(increase(1000, 4))
      .then(increased(1000, 2000, 4));
  });
});

describe('overtime that was too much', () => {
  const paid = [increased(8000, 8000), deducted(7000), settled(), overtime(600, 6400, 0)];

  it('comes back up to what the ride costs by the time that was settled', () => {
    given(...paid)
      .when(putRight(60))
      .then(restoredOvertime(600, 7000, 0));
    given(...paid)
      .when(putRight(61))
      .then(restoredOvertime(400, 6800, 0));
  });

  it('is worked out by the tariff that charged it, whatever the tariff is now', () => {
    const paidAtOnce = [increased(8000, 8000), deducted(7000), settled(), charged(600, 6400, 0)];
    const paidLater = [
      ...[increased(1000, 1000), deducted(0), settled(), charged(0, 0, 600)],
      ...[increased(600, 600, 2), overtime(600, 0, 0)],
    ];
    for (const stepPrice of [100, 400]) {
      const later = specificationOf(account({ ...rule, stepPrice }), at);
      later
        .given(...paidAtOnce)
        .when(putRight(61))
        .then(restoredOvertime(400, 6800, 0));
      later
        .given(...paidAtOnce)
        .when(putRight(72.5))
        .then();
      later
        .given(...paidLater)
        .when(putRight(61))
        .then(restoredOvertime(400, 400, 0));
    }
  });

  it('is worked out by the tariff of now where no event says which one charged it', () => {
    specificationOf(account({ ...rule, stepPrice: 100 }), at)
      .given(...paid)
      .when(putRight(61))
      .then(restoredOvertime(500, 6900, 0));
  });

  it('comes back once, and never more of it than was charged', () => {
    given(...paid, restoredOvertime(400, 6800, 0))
      .when(putRight(1))
      .then();
    for (const minutes of [72.5, 100]) {
      given(...paid)
        .when(putRight(minutes))
        .then();
    }
    given(...paid)
      .when(putRight(1, 99))
      .then();
  });

  it('is taken from what is owed first', () => {
    given(...inDebt)
      .when(putRight(62, 4))
      .then(restoredOvertime(0, 0, 200, 4));
    given(...inDebt)
      .when(putRight(60, 4))
      .then(restoredOvertime(0, 0, 0, 4));
    const paidPart = [...inDebt, increased(300, 300, 2), overtime(300, 0, 100, 4)];
    given(...paidPart)
      .when(putRight(60, 4))
      .then(restoredOvertime(300, 300, 0, 4));
    given(...paidPart)
      .when(putRight(61, 4))
      .then(restoredOvertime(100, 100, 0, 4));
    // Of what is left of the debt, no more is taken than that.
    given(...inDebt, restoredOvertime(0, 0, 200, 4))
      .when(increase(1000, 2))
      .then(increased(1000, 1000, 2), overtime(200, 800, 0, 4));
  });

  it('lets the rider reserve again once nothing is owed', () => {
    given(...inDebt, restoredOvertime(0, 0, 0, 4), increased(1000, 1000, 2))
      .when(deduct())
      .then(deducted(0));
  });

  it('pays another ride’s debt', () => {
    const other = [increased(1600, 1600), deducted(600, 4), settled(4), overtime(600, 0, 0, 4)];
    const later = [increased(1000, 1000, 2), deducted(0), settled(), overtime(0, 0, 400)];
    given(...other, ...later)
      .when(putRight(60, 4))
      .then(restoredOvertime(600, 600, 0, 4), overtime(400, 200, 0));
    given(...other, ...later)
      .when(putRight(66, 4))
      .then(restoredOvertime(200, 200, 0, 4), overtime(200, 0, 200));
  });

  it('of a ride that the account has forgotten stays as it is', () => {
    const ride = (reserveNo: number) => [
      ...[increased(1200, 1200, reserveNo), deducted(200, reserveNo), settled(reserveNo)],
      overtime(200, 0, 0, reserveNo),
    ];
    const rides = Array.from({ length: overtimesKept + 1 }, (_, index) => ride(index + 1)).flat();
    given(...rides)
      .when(putRight(1, 1))
      .then();
    given(...rides)
      .when(putRight(1, 2))
      .then(restoredOvertime(200, 200, 0, 2));
  });
});

type Situation =
  'overtime' | 'no account' | 'refused before' | 'no points' | 'points' | 'hold' | 'hold without points' | 'debt';

describe('an account decides on', () => {
  const everywhere: readonly Situation[] = [
    'no account',
    'refused before',
    'no points',
    'points',
    'hold',
    'hold without points',
    'debt',
    'overtime',
  ];
  const without = (...left: Situation[]) => everywhere.filter((situation) => !left.includes(situation));

  itDecides<
    Account,
    PointCommand,
    NewPointEvent,
    Situation,
    | Exclude<PointCommand['type'], 'SettleRide'>
    | `SettleRide ${'without a ride' | 'in time' | 'late' | 'of another'}`
    | 'RestoreOvertime of another'
    | 'DeductPoints again'
    | 'RestorePoints of another'
  >({
    decider,
    situations: {
      'no account': [],
      'refused before': [noAccount],
      'no points': [increased(1000, 1000), deducted(0, 4), settled(4)],
      points: [increased(8000, 8000)],
      hold: [increased(8000, 8000), deducted(7000)],
      'hold without points': [increased(1000, 1000), deducted(0)],
      debt: inDebt,
      overtime: [increased(8000, 8000), deducted(7000, 4), settled(4), overtime(600, 6400, 0, 4)],
    },
    commands: {
      IncreasePoints: { command: increase(1000, 9), at },
      DeductPoints: { command: deduct(6), at },
      'DeductPoints again': { command: deduct(5), at },
      RestorePoints: { command: restore(), at },
      'RestorePoints of another': { command: restore(99), at },
      RestoreOvertime: { command: putRight(60, 4), at },
      'RestoreOvertime of another': { command: putRight(60, 99), at },
      'SettleRide without a ride': { command: settle(null), at },
      'SettleRide in time': { command: settle(60), at },
      'SettleRide late': { command: settle(61), at },
      'SettleRide of another': { command: settle(61, 99), at },
    },
    outcomes: {
      IncreasePoints: { PointsIncreased: without('debt'), 'PointsIncreased + OvertimeCharged': ['debt'] },
      DeductPoints: { PointsDeducted: ['points', 'overtime'], PointsRefused: without('points', 'overtime') },
      'DeductPoints again': { PointsDeducted: ['points', 'overtime'], PointsRefused: without('points', 'overtime') },
      RestorePoints: {
        PointsRestored: ['hold', 'hold without points'],
        nothing: without('hold', 'hold without points'),
      },
      'RestorePoints of another': { nothing: everywhere },
      RestoreOvertime: { OvertimeRestored: ['debt', 'overtime'], nothing: without('debt', 'overtime') },
      'RestoreOvertime of another': { nothing: everywhere },
      'SettleRide without a ride': {
        ReservationSettled: ['hold', 'hold without points'],
        nothing: without('hold', 'hold without points'),
      },
      'SettleRide in time': {
        ReservationSettled: ['hold', 'hold without points'],
        nothing: without('hold', 'hold without points'),
      },
      'SettleRide late': {
        'ReservationSettled + OvertimeCharged': ['hold', 'hold without points'],
        nothing: without('hold', 'hold without points'),
      },
      'SettleRide of another': { nothing: everywhere },
    },
  });
});

describe('the ledger', () => {
  it('books every movement between the rider and a pool, and what moves nothing not at all', () => {
    const user = 'user:10' as const;
    const booked = [
      increased(3000, 3000),
      deducted(2000),
      restored(3000),
      overtime(600, 2400, 0),
      overtime(0, 0, 600),
      restoredOvertime(400, 2800, 0),
      restoredOvertime(0, 2800, 200),
      settled(),
      noAccount,
    ].map((event) => entryOf(event));
    const shared = { at, reserveNo: 5, confirmId: null };
    const lines = (pool: LedgerEntry['lines'][1]['account'], amount: number) => [
      { account: user, amount },
      { account: pool, amount: -amount },
    ];
    expect(booked).toEqual([
      {
        ...{ kind: 'PURCHASED', cause: 'buy:1', amount: 3000, balanceAfter: 3000, at, reserveNo: null, confirmId: 1 },
        lines: lines('pool:issued', 3000),
      },
      {
        ...{ kind: 'DEDUCTED', cause: 'hold:5', amount: -1000, balanceAfter: 2000, ...shared },
        lines: lines('pool:reservations', -1000),
      },
      {
        ...{ kind: 'RESTORED', cause: 'restore:5', amount: 1000, balanceAfter: 3000, ...shared },
        lines: lines('pool:reservations', 1000),
      },
      {
        ...{ kind: 'OVERTIME', cause: 'overtime:5:0', amount: -600, balanceAfter: 2400, ...shared },
        lines: lines('pool:overtime', -600),
      },
      null,
      {
        ...{ kind: 'COMPENSATED', cause: 'overtime-restored:5', amount: 400, balanceAfter: 2800, ...shared },
        lines: lines('pool:overtime', 400),
      },
      null,
      null,
      null,
    ]);
  });
});

describe('whatever happens to an account', () => {
  /**
   * Purchases and requests get fresh numbers, as from their counters; ends come in any order, for any reservation, and
   * repeatedly.
   */
  function anyCommand(dice: Dice, step: number): PointCommand {
    const any = 1 + dice.below(step + 1);
    return dice.pick<() => PointCommand>([
      () => increase(dice.pick([1, 150, 1000, 2500]), step),
      () => deduct(step),
      () => restore(any),
      () => settle(dice.pick([null, 0, 45, 61, 100, 900, 5000]), any),
      () => putRight(dice.pick([0, 60, 63, 95, 900]), any),
    ])();
  }

  function story(seed: number): { events: NewPointEvent[]; states: Account[] } {
    const dice = createDice(seed);
    const events: NewPointEvent[] = [];
    const states = [decider.initial];
    for (let step = 1; step <= 40; step += 1) {
      let state = states.at(-1) ?? decider.initial;
      const decision = decider.decide(anyCommand(dice, step), state, at);
      if (isRefusal(decision)) throw new Error('An account turns nothing down.');
      for (const event of decision) {
        state = decider.evolve(state, event);
        events.push(event);
        states.push(state);
      }
    }
    return { events, states };
  }

  const stories = Array.from({ length: 2000 }, (_, seed) => ({ seed, ...story(seed) }));
  const failing = (isWrong: (told: { events: NewPointEvent[]; states: Account[] }) => boolean) =>
    stories.filter(isWrong).map(({ seed }) => seed);

  it('2,000 stories touch every kind of event', () => {
    const types = new Set(stories.flatMap(({ events }) => events.map(({ type }) => type)));
    expect([...types].toSorted()).toEqual(Object.keys(pointEvents).toSorted());
  });

  it('its balance is never below 0', () => {
    expect(failing(({ states }) => states.some(({ balance, debt }) => balance < 0 || debt < 0))).toEqual([]);
  });

  it('a debt takes every point, so that no decision ends with both', () => {
    expect(
      failing(({ events, states }) =>
        states.some(({ balance, debt }, index) => {
          // What comes in raises the balance first and pays the debt in the same decision.
          const comesIn: readonly (string | undefined)[] = ['PointsIncreased', 'OvertimeRestored'];
          const isPaidNext = comesIn.includes(events[index - 1]?.type) && events[index]?.type === 'OvertimeCharged';
          return debt > 0 && balance > 0 && !isPaidNext;
        }),
      ),
    ).toEqual([]);
  });

  it('its ledger entries sum to zero, follow one another, and match the balance', () => {
    expect(
      failing(({ events, states }) => {
        let balance = 0;
        const entries = events.map(entryOf).filter((entry) => entry !== null);
        const follows = entries.every(({ amount, balanceAfter, lines }) => {
          balance += amount;
          return balanceAfter === balance && lines[0].amount === amount && lines[0].amount + lines[1].amount === 0;
        });
        const last = states.at(-1);
        return !follows || last?.balance !== balance || last.seq !== entries.length;
      }),
    ).toEqual([]);
  });

  it('nothing moves its points twice', () => {
    expect(
      failing(({ events }) => {
        const causes = events.map(entryOf).flatMap((entry) => (entry ? [entry.cause] : []));
        return new Set(causes).size !== causes.length;
      }),
    ).toEqual([]);
  });

  it('a reservation is paid once, then given back or settled, once', () => {
    expect(
      failing(({ events }) => {
        const numbersOf = (...types: NewPointEvent['type'][]) =>
          events.filter(({ type }) => types.includes(type)).map(({ data }) => 'reserveNo' in data && data.reserveNo);
        const paid = numbersOf('PointsDeducted');
        const over = numbersOf('PointsRestored', 'ReservationSettled');
        const isOnce = (numbers: unknown[]) => new Set(numbers).size === numbers.length;
        return !isOnce(paid) || !isOnce(over) || over.some((reserveNo) => !paid.includes(reserveNo));
      }),
    ).toEqual([]);
  });

  it('it never pays for two live reservations', () => {
    expect(
      failing(({ events }) => {
        let live = 0;
        return events.some(({ type }) => {
          if (type === 'PointsDeducted') live += 1;
          if (type === 'PointsRestored' || type === 'ReservationSettled') live -= 1;
          return live < 0 || live > 1;
        });
      }),
    ).toEqual([]);
  });

  it('no ride costs more than the cap', () => {
    expect(
      failing(({ events }) => {
        const paid = new Map<number, number>();
        for (const { type, data } of events) {
          if (type === 'OvertimeCharged') paid.set(data.reserveNo, (paid.get(data.reserveNo) ?? 0) + data.amount);
        }
        return [...paid.values()].some((amount) => amount > rule.cap);
      }),
    ).toEqual([]);
  });

  it('of a ride’s overtime no more comes back than was taken, and once', () => {
    expect(
      failing(({ events }) => {
        const taken = new Map<number, number>();
        const restoredOf = new Set<number>();
        return events.some(({ type, data }) => {
          if (type === 'OvertimeCharged') taken.set(data.reserveNo, (taken.get(data.reserveNo) ?? 0) + data.amount);
          if (type !== 'OvertimeRestored') return false;
          const isAgain = restoredOf.has(data.reserveNo);
          restoredOf.add(data.reserveNo);
          return isAgain || data.amount > (taken.get(data.reserveNo) ?? 0);
        });
      }),
    ).toEqual([]);
  });

  it('every event is one that its contract takes, and leaves as it is', () => {
    const wrong = stories
      .flatMap(({ events }) => events)
      .filter(({ type, data }) => !isDeepStrictEqual(pointEvents[type].safeParse(data).data, data));
    expect(wrong).toEqual([]);
  });
});
