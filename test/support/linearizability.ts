/**
 * Wing and Gong's check with Lowe's memory of what was tried ("Testing for linearizability", 2017; the algorithm of
 * Porcupine and Knossos): is there an order of the operations, each at one moment between its call and its return, that a
 * sequential model allows? Histories come one per object (a bike, an account): an object is linearizable by itself.
 */

/** What one object does, one operation after the other. */
export interface Model<State, Operation> {
  initial: State;
  /** The states that the operation with its answer can lead to; none when it cannot happen here. */
  step(state: State, operation: Operation): readonly State[];
  /** Equal for equal states. */
  keyOf(state: State): string;
}

/** One operation as its client saw it; times on one clock. */
export interface Timed<Operation> {
  operation: Operation;
  calledAt: number;
  /** Null when no answer came: it may take effect at any time after its call, or never (Jepsen's `info`). */
  returnedAt: number | null;
}

export type Verdict<Operation> =
  | { linearizable: true }
  /** Too many possibilities to try; proves nothing. */
  | { linearizable: 'unknown' }
  /** The longest order that worked, and the answered operations that could come next but do not fit. */
  | { linearizable: false; order: Operation[]; stuck: Operation[] };

interface Node<State> {
  state: State;
  /** Bit i: the i-th operation has happened. */
  done: bigint;
  /** The operation that led here. */
  last: number;
  before: Node<State> | null;
}

export function checkLinearizable<State, Operation>(
  model: Model<State, Operation>,
  history: readonly Timed<Operation>[],
  maxStates = 500_000,
): Verdict<Operation> {
  const timed = history.toSorted((one, other) => one.calledAt - other.calledAt);
  const answered = timed.reduce((bits, { returnedAt }, index) => (returnedAt === null ? bits : bits | bit(index)), 0n);
  const open: Node<State>[] = [{ state: model.initial, done: 0n, last: -1, before: null }];
  const tried = new Set<string>();
  let furthest = open[0];

  for (let node = open.pop(); node; node = open.pop()) {
    if ((node.done & answered) === answered) return { linearizable: true };
    if (tried.size > maxStates) return { linearizable: 'unknown' };
    if (!furthest || countBits(node.done & answered) > countBits(furthest.done & answered)) furthest = node;
    // Last in, first out: the earliest call is tried first.
    for (const index of nextIn(timed, node.done).toReversed()) {
      const done = node.done | bit(index);
      for (const state of model.step(node.state, (timed[index] as Timed<Operation>).operation)) {
        const place = `${done}/${model.keyOf(state)}`;
        if (tried.has(place)) continue;
        tried.add(place);
        open.push({ state, done, last: index, before: node });
      }
    }
  }
  const operationAt = (index: number) => (timed[index] as Timed<Operation>).operation;
  const order: Operation[] = [];
  for (let node = furthest ?? null; node && node.last >= 0; node = node.before) order.unshift(operationAt(node.last));
  const stuck = nextIn(timed, furthest?.done ?? 0n).filter((index) => timed[index]?.returnedAt !== null);
  return { linearizable: false, order, stuck: stuck.map(operationAt) };
}

/** The next candidates: of the operations that have not happened, those called before the first return. */
function nextIn(timed: readonly Timed<unknown>[], done: bigint): number[] {
  const left: number[] = [];
  let firstReturn = Infinity;
  for (const [index, { calledAt, returnedAt }] of timed.entries()) {
    if (done & bit(index)) continue;
    if (calledAt > firstReturn) break;
    left.push(index);
    firstReturn = Math.min(firstReturn, returnedAt ?? Infinity);
  }
  return left.filter((index) => (timed[index]?.calledAt ?? 0) <= firstReturn);
}

const bit = (index: number) => 1n << BigInt(index);

function countBits(bits: bigint): number {
  let count = 0;
  for (let left = bits; left; left &= left - 1n) count += 1;
  return count;
}
