import { checkLinearizable, type Model, type Timed } from './linearizability.ts';
import type { Attempt, Look } from './seeded-rider.ts';

/**
 * Riders' answers about one bike and about one account, as histories to be linearized. Decisions come from the heads of
 * journals and must be linearizable; views may lag behind and are left out.
 */

/** Operations on one bike; reservations are named by the key that asked for them. */
export type BikeOperation =
  /** `accepted`: the bike was claimed, now or earlier under this key. Null when no answer came. */
  | { does: 'reserve'; key: string; accepted: boolean | null }
  /** The reservation was seen past its wait for the points: they were taken (`confirmed`) or refused. */
  | { does: 'hear'; key: string; confirmed: boolean }
  | { does: 'cancel' | 'start' | 'return'; key: string; of: string; accepted: boolean | null };

type Fate = 'pending' | 'confirmed' | 'riding' | 'rejected' | 'ended';

export interface BikeState {
  /** Every reservation that was accepted, by its key; at most one is pending, confirmed or riding. */
  fates: Readonly<Record<string, Fate>>;
  /** Keys of accepted changes: the same request gets the same answer. */
  changed: readonly string[];
}

const live: readonly Fate[] = ['pending', 'confirmed', 'riding'];
const holderOf = ({ fates }: BikeState) => Object.keys(fates).find((key) => live.includes(fates[key] ?? 'ended'));
const withFate = (state: BikeState, key: string, fate: Fate): BikeState => ({
  ...state,
  fates: { ...state.fates, [key]: fate },
});

/**
 * A bike has room for one reservation. The points are decided between a claim and its outcome, so a pending one may be
 * confirmed or rejected at any moment; with `lapses` it may also end by itself: it expires, or the bike is withdrawn. With
 * `settles` a ride may: an operator settles that it was returned.
 */
export const bike = (lapses: boolean, settles = false): Model<BikeState, BikeOperation> => {
  function alike(state: BikeState): BikeState[] {
    const holder = holderOf(state);
    if (holder === undefined) return [state];
    const fate = state.fates[holder];
    const next: Fate[] = fate === 'pending' ? ['confirmed', 'rejected'] : [];
    if (fate === 'riding' ? settles : lapses) next.push('ended');
    return [state, ...next.map((other) => withFate(state, holder, other))];
  }

  function reserve(state: BikeState, { key, accepted }: Extract<BikeOperation, { does: 'reserve' }>): BikeState[] {
    if (state.fates[key]) return accepted === false ? [] : [state];
    const free = alike(state).filter((one) => holderOf(one) === undefined);
    const taken = alike(state).filter((one) => holderOf(one) !== undefined);
    const claimed = free.map((one) => withFate(one, key, 'pending'));
    if (accepted === null) return [...claimed, state];
    return accepted ? claimed : taken;
  }

  function hear(state: BikeState, { key, confirmed }: Extract<BikeOperation, { does: 'hear' }>): BikeState[] {
    return alike(state).filter(({ fates }) => {
      const fate = fates[key];
      return fate !== undefined && fate !== 'pending' && (fate === 'rejected') !== confirmed;
    });
  }

  const allowed = { cancel: ['pending', 'confirmed'], start: ['confirmed'], return: ['confirmed', 'riding'] } as const;

  function changeOne(
    state: BikeState,
    { does, key, of, accepted }: Extract<BikeOperation, { of: string }>,
  ): BikeState[] {
    if (state.changed.includes(key)) return accepted === false ? [] : [state];
    const may = (one: BikeState) => (allowed[does] as readonly (Fate | undefined)[]).includes(one.fates[of]);
    const done = alike(state)
      .filter(may)
      .map((one) => ({
        ...withFate(one, of, does === 'start' ? 'riding' : 'ended'),
        changed: [...one.changed, key].toSorted(),
      }));
    if (accepted === null) return [...done, state];
    return accepted ? done : alike(state).filter((one) => !may(one));
  }

  return {
    initial: { fates: {}, changed: [] },
    step(state, operation) {
      if (operation.does === 'reserve') return reserve(state, operation);
      return operation.does === 'hear' ? hear(state, operation) : changeOne(state, operation);
    },
    keyOf: ({ fates, changed }) => JSON.stringify([Object.entries(fates).toSorted(), changed]),
  };
};

/** Operations on one account. A fee is held for one reservation at a time. */
export type AccountOperation =
  /** Under one key at most one body is paid for; without an answer, it may be any of them. */
  | { does: 'credit'; prices: readonly number[] }
  /** `code` is null when the fee was taken. */
  | { does: 'hold'; key: string; code: string | null }
  | { does: 'restore' | 'settle'; of: string }
  | { does: 'look'; balance: number };

export interface AccountState {
  opened: boolean;
  balance: number;
  held: string | null;
}

export const fee = 1_000;

export const account: Model<AccountState, AccountOperation> = {
  initial: { opened: false, balance: 0, held: null },
  step(state, operation) {
    switch (operation.does) {
      case 'credit':
        return operation.prices.map((price) => ({ ...state, opened: true, balance: state.balance + price }));
      case 'hold': {
        const code = whyNot(state);
        if (operation.code !== code) return [];
        return [code === null ? { ...state, balance: state.balance - fee, held: operation.key } : state];
      }
      case 'restore':
        return state.held === operation.of ? [{ ...state, balance: state.balance + fee, held: null }] : [];
      case 'settle':
        return state.held === operation.of ? [{ ...state, held: null }] : [];
      case 'look':
        return state.balance === operation.balance ? [state] : [];
    }
  },
  keyOf: ({ opened, balance, held }) => `${opened} ${balance} ${held ?? ''}`,
};

function whyNot({ opened, balance, held }: AccountState): string | null {
  if (!opened) return 'NO_POINT_ACCOUNT';
  if (held !== null) return 'RIDER_HAS_LIVE_RESERVATION';
  return balance < fee ? 'INSUFFICIENT_POINTS' : null;
}

/** Refusals by point, not by a bike. */
const accountRefusals: readonly string[] = [
  'NO_POINT_ACCOUNT',
  'RIDER_HAS_LIVE_RESERVATION',
  'INSUFFICIENT_POINTS',
  'OUTSTANDING_DEBT',
];
/** The row was not written yet, or the bike was unknown or withdrawn: nothing was done, its holder stays unknown. */
const sayNothing: readonly string[] = ['RESERVATION_NOT_FOUND', 'BIKE_NOT_FOUND', 'BIKE_NOT_IN_SERVICE'];
/** Seen only once the points were taken. */
const confirmedOutcomes: readonly string[] = ['RESERVED', 'IN_USE', 'RETURNED'];

/** Each bike's operations, by bikeId: every attempt counts separately, and one key takes effect once. */
export function bikeHistories(attempts: readonly Attempt[]): Map<number, Timed<BikeOperation>[]> {
  const onBikes = attempts.filter(({ kind }) => kind !== 'buy');
  return new Map(
    [...Map.groupBy(onBikes, ({ bikeId }) => bikeId)].map(([bikeId, those]) => [bikeId, those.flatMap(onBike)]),
  );
}

/** Refused before a claim: the refusal has no number. */
const isEarly = (answer: Attempt['answer']) =>
  answer !== null && answer.number === 0 && accountRefusals.includes(answer.outcome);

function onBike({ kind, key, of, answer, calledAt, answeredAt }: Attempt): Timed<BikeOperation>[] {
  if (kind === 'buy' || (answer && sayNothing.includes(answer.outcome)) || isEarly(answer)) return [];
  const timed = (operation: BikeOperation) => ({ operation, calledAt, returnedAt: answeredAt });
  if (kind !== 'reserve') return [timed({ does: kind, key, of, accepted: answer && !answer.refused })];
  if (answer === null) return [timed({ does: 'reserve', key, accepted: null })];
  const rejected = accountRefusals.includes(answer.outcome);
  const claimed = timed({ does: 'reserve', key, accepted: rejected || !answer.refused });
  if (rejected) return [claimed, timed({ does: 'hear', key, confirmed: false })];
  return confirmedOutcomes.includes(answer.outcome)
    ? [claimed, timed({ does: 'hear', key, confirmed: true })]
    : [claimed];
}

/**
 * Each account's operations, by rider. Effects of events have no deadline: a purchase, a restoration and a settlement
 * may come at any time after their request; the decision about a fee must lie between the first request for it and the
 * answer.
 */
export function accountHistories(
  attempts: readonly Attempt[],
  looks: readonly Look[],
): Map<string, Timed<AccountOperation>[]> {
  return new Map(
    [...Map.groupBy(attempts, ({ rider }) => rider)].map(([rider, those]) => {
      const early = those.filter(({ answer }) => isEarly(answer));
      const others = those.filter(({ answer }) => !isEarly(answer));
      // Each answer reflects the account at some moment of its own.
      const byKey = [...Map.groupBy(others, ({ key }) => key).values(), ...early.map((one) => [one])];
      const seen = looks.filter((look) => look.rider === rider).map(asHistory);
      return [rider, [...byKey.flatMap(onAccount), ...seen]];
    }),
  );
}

/** An observed balance was the account's at some earlier time: a view may lag behind, not run ahead. */
function asHistory({ points, answeredAt }: Look): Timed<AccountOperation> {
  return { operation: { does: 'look', balance: points }, calledAt: -Infinity, returnedAt: answeredAt };
}

/** All attempts with one key. */
function onAccount(attempts: readonly Attempt[]): Timed<AccountOperation>[] {
  const [first] = attempts;
  if (!first) return [];
  const { kind, key, of } = first;
  const calledAt = Math.min(...attempts.map((attempt) => attempt.calledAt));
  const eventually = (operation: AccountOperation) => [{ operation, calledAt, returnedAt: null }];
  const possible = attempts.some(({ answer }) => !answer?.refused);
  switch (kind) {
    case 'buy':
      return eventuallyCredited(attempts).flatMap((prices) => eventually({ does: 'credit', prices }));
    case 'cancel':
      return possible ? eventually({ does: 'restore', of }) : [];
    case 'return':
      return possible ? eventually({ does: 'settle', of }) : [];
    case 'start':
      return [];
    case 'reserve': {
      const told = attempts.filter(({ answer }) => answer && decidesFee(answer.outcome));
      const [decided] = told;
      if (!decided?.answer) return possible ? eventually({ does: 'hold', key, code: null }) : [];
      const code = accountRefusals.includes(decided.answer.outcome) ? decided.answer.outcome : null;
      const returnedAt = Math.min(...told.map(({ answeredAt }) => answeredAt ?? Infinity));
      return [{ operation: { does: 'hold', key, code }, calledAt, returnedAt }];
    }
  }
}

/** The possible results of a purchase: nothing, or one of several prices. */
function eventuallyCredited(attempts: readonly Attempt[]): number[][] {
  const paid = attempts.filter(({ answer }) => answer?.outcome === 'APPROVED');
  // A disputed payment may have been credited, on an answer that another instance received.
  const open = attempts.filter(({ answer }) => answer === null || answer.outcome === 'PAYMENT_MISMATCH');
  const prices = (paid.length > 0 ? paid : open).map(({ price }) => price);
  return prices.length > 0 ? [[...new Set(prices)]] : [];
}

const decidesFee = (outcome: string) => accountRefusals.includes(outcome) || confirmedOutcomes.includes(outcome);

/**
 * What is not linearizable in the riders' answers, a line each. `lapses`: reservations may have expired; `settles`:
 * operators may have ended rides. Accounts are then left out, because riders are not told what that restored.
 */
export function unlinearizable(
  { attempts, looks }: { attempts: readonly Attempt[]; looks: readonly Look[] },
  lapses: boolean,
  settles = false,
): string[] {
  const bikes = [...bikeHistories(attempts)].map(
    ([bikeId, history]) => [`bike ${bikeId}`, checkLinearizable(bike(lapses, settles), history)] as const,
  );
  const accounts =
    lapses || settles
      ? []
      : [...accountHistories(attempts, looks)].map(
          ([rider, history]) => [`account ${rider}`, checkLinearizable(account, history)] as const,
        );
  return [...bikes, ...accounts].flatMap(([what, verdict]) =>
    verdict.linearizable === false
      ? [`I9 ${what}: ${JSON.stringify(verdict.stuck)} fit nowhere after ${JSON.stringify(verdict.order)}`]
      : [],
  );
}
