import type { EventNamed, NewEvent, PointEvent } from '../../schema/events/index.ts';
import { overtimePrice, type OvertimeRule } from '../../schema/overtime.ts';
import { refuse, type Decider } from '../../platform/event-core/decider.ts';

type PointsRefusal = EventNamed<'PointsRefused'>['data']['code'];

/** A rider's account. It holds points for at most one reservation, so a rider has at most one live reservation. */
export interface Account {
  userId: string | null;
  /** No points were ever bought: there is no account to take any from. */
  opened: boolean;
  balance: number;
  /** Overtime that the balance could not pay. */
  debt: number;
  /** The reservation that is paid for and has not ended. */
  hold: { reserveNo: number; fee: number } | null;
  /** The reservation whose overtime the debt is for. */
  debtOf: number | null;
  /** The newest rides that cost overtime, the newest last; missing for an account without any since it is remembered. */
  overtimes?: readonly Overtime[];
  /** Movements so far; the newest one has this number. */
  seq: number;
}

/** What a ride has cost beyond its fee. */
interface Overtime {
  reserveNo: number;
  /** Points that were taken for it so far; what is owed besides is the account's debt. */
  paid: number;
  /** By which tariff; missing for a ride that was charged before events said so. */
  rule?: OvertimeRule;
  /** It was put right: that happens once. */
  restored: boolean;
}

/**
 * How many rides' overtime an account remembers, so that it can be given back: no rider rides so many over an hour before
 * an operator has settled a report about one. For a ride that is forgotten nothing comes back.
 */
export const overtimesKept = 50;

export type PointCommand =
  | { type: 'IncreasePoints'; userId: string; confirmId: number; price: number }
  | { type: 'DeductPoints'; userId: string; reserveNo: number; bikeId: number; fee: number }
  | { type: 'RestorePoints'; userId: string; reserveNo: number }
  | { type: 'SettleRide'; userId: string; reserveNo: number; startedAt: string | null; returnedAt: string }
  /** The ride ended earlier than it was settled for. */
  | { type: 'RestoreOvertime'; userId: string; reserveNo: number; startedAt: string; returnedAt: string };

type NewPointEvent = NewEvent<PointEvent>;

/** No refusals here: what other services must know is an event (`PointsRefused`). */
export const account = (overtime: OvertimeRule): Decider<Account, PointCommand, NewPointEvent, never> => ({
  initial: { userId: null, opened: false, balance: 0, debt: 0, hold: null, debtOf: null, seq: 0 },

  decide(command, state, at) {
    switch (command.type) {
      case 'IncreasePoints':
        return increase(command, state, at);
      case 'DeductPoints':
        return deduct(command, state, at);
      case 'RestorePoints': {
        const { userId, reserveNo } = command;
        if (state.hold?.reserveNo !== reserveNo) return [];
        const amount = state.hold.fee;
        const data = { userId, reserveNo, amount, balanceAfter: state.balance + amount, at };
        return [{ type: 'PointsRestored', data }];
      }
      case 'SettleRide':
        return settle(command, state, at, overtime);
      case 'RestoreOvertime':
        return restoreOvertime(command, state, at, overtime);
    }
  },

  evolve(state, event) {
    const { userId } = event.data;
    switch (event.type) {
      case 'PointsIncreased':
        return { ...moved(state, event.data), userId, opened: true };
      case 'PointsDeducted': {
        const { reserveNo, amount } = event.data;
        return { ...moved(state, event.data), hold: { reserveNo, fee: amount } };
      }
      case 'PointsRefused':
        return { ...state, userId };
      case 'PointsRestored':
        return { ...moved(state, event.data), hold: null };
      case 'ReservationSettled':
        return { ...state, hold: null };
      case 'OvertimeCharged': {
        const { owed, reserveNo, amount } = event.data;
        const known = overtimeOf(state, reserveNo);
        const { rule = known.rule } = event.data;
        const overtime = { ...known, paid: known.paid + amount, ...(rule && { rule }) };
        const overtimes = remembered(state, overtime);
        return { ...moved(state, event.data), debt: owed, debtOf: owed > 0 ? reserveNo : null, overtimes };
      }
      case 'OvertimeRestored': {
        const { owed, reserveNo, amount } = event.data;
        const known = overtimeOf(state, reserveNo);
        const overtimes = remembered(state, { ...known, paid: known.paid - amount, restored: true });
        const after = { ...moved(state, event.data), overtimes };
        return state.debtOf === reserveNo ? { ...after, debt: owed, debtOf: owed > 0 ? reserveNo : null } : after;
      }
    }
  },
});

function overtimeOf({ overtimes = [] }: Account, reserveNo: number): Overtime {
  return overtimes.find((each) => each.reserveNo === reserveNo) ?? { reserveNo, paid: 0, restored: false };
}

function remembered({ overtimes = [] }: Account, overtime: Overtime): readonly Overtime[] {
  const others = overtimes.filter(({ reserveNo }) => reserveNo !== overtime.reserveNo);
  return [...others, overtime].slice(-overtimesKept);
}

function moved(state: Account, { balanceAfter, amount }: { balanceAfter: number; amount: number }): Account {
  return { ...state, balance: balanceAfter, seq: amount > 0 ? state.seq + 1 : state.seq };
}

/** Bought points pay an old debt first. */
function increase(
  { userId, confirmId, price }: Extract<PointCommand, { type: 'IncreasePoints' }>,
  state: Account,
  at: string,
): NewPointEvent[] {
  const balance = state.balance + price;
  const increased: NewPointEvent = {
    type: 'PointsIncreased',
    data: { userId, confirmId, amount: price, balanceAfter: balance, at },
  };
  if (state.debtOf === null) return [increased];
  return [increased, charge({ userId, reserveNo: state.debtOf }, state.debt, balance, at)];
}

function deduct(
  { userId, reserveNo, bikeId, fee }: Extract<PointCommand, { type: 'DeductPoints' }>,
  state: Account,
  at: string,
): NewPointEvent[] {
  const refusal = whyNot(state, fee);
  if (refusal) {
    return [
      {
        type: 'PointsRefused',
        data: { userId, reserveNo, bikeId, code: refusal.refused, because: refusal.because, at },
      },
    ];
  }
  const data = { userId, reserveNo, bikeId, amount: fee, balanceAfter: state.balance - fee, at };
  return [{ type: 'PointsDeducted', data }];
}

/** Why the account may not have a reservation; undefined when it may. */
export function whyNot(state: Account, fee: number) {
  const no = (code: PointsRefusal, because: string) => refuse(code, because);
  if (!state.opened) return no('NO_POINT_ACCOUNT', 'The rider never bought points.');
  if (state.hold) return no('RIDER_HAS_LIVE_RESERVATION', 'The rider already has a reservation or a ride.');
  if (state.debt > 0) return no('OUTSTANDING_DEBT', `Overtime of ${state.debt} points is unpaid.`);
  if (state.balance < fee) {
    return no('INSUFFICIENT_POINTS', `A reservation costs ${fee} points; the account has ${state.balance}.`);
  }
  return undefined;
}

function settle(
  { userId, reserveNo, startedAt, returnedAt }: Extract<PointCommand, { type: 'SettleRide' }>,
  state: Account,
  at: string,
  rule: OvertimeRule,
): NewPointEvent[] {
  if (state.hold?.reserveNo !== reserveNo) return [];
  const settled: NewPointEvent = { type: 'ReservationSettled', data: { userId, reserveNo, at } };
  const price = startedAt === null ? 0 : overtimePrice(Date.parse(returnedAt) - Date.parse(startedAt), rule);
  return price === 0 ? [settled] : [settled, charge({ userId, reserveNo, rule }, price, state.balance, at)];
}

/** Takes what the balance has; the rest is owed. A balance never goes below 0. A debt was charged by its ride's tariff. */
function charge(
  of: { userId: string; reserveNo: number; rule?: OvertimeRule },
  price: number,
  balance: number,
  at: string,
): NewPointEvent {
  const amount = Math.min(price, balance);
  return {
    type: 'OvertimeCharged',
    data: { ...of, amount, balanceAfter: balance - amount, owed: price - amount, at },
  };
}

/**
 * Gives back what the ride cost too much, by the tariff that charged it: what is owed for it first, then points. Never
 * more than it has cost, and once per ride. Points that come back pay another ride's debt, as bought ones do.
 */
function restoreOvertime(
  { userId, reserveNo, startedAt, returnedAt }: Extract<PointCommand, { type: 'RestoreOvertime' }>,
  state: Account,
  at: string,
  now: OvertimeRule,
): NewPointEvent[] {
  const { paid, restored, rule = now } = overtimeOf(state, reserveNo);
  if (restored) return [];
  const owed = state.debtOf === reserveNo ? state.debt : 0;
  const tooMuch = paid + owed - overtimePrice(Date.parse(returnedAt) - Date.parse(startedAt), rule);
  if (tooMuch <= 0) return [];
  const amount = Math.max(0, tooMuch - owed);
  const balance = state.balance + amount;
  const data = { userId, reserveNo, amount, balanceAfter: balance, owed: Math.max(0, owed - tooMuch), at };
  const event: NewPointEvent = { type: 'OvertimeRestored', data };
  if (amount === 0 || state.debtOf === null || state.debtOf === reserveNo) return [event];
  return [event, charge({ userId, reserveNo: state.debtOf }, state.debt, balance, at)];
}
