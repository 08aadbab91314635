import { setImmediate } from 'node:timers';
import type { Time } from '../../platform/foundation/time.ts';
import { createDice, type Dice } from '../../cli/demo/dice.ts';

/**
 * Time and chance of one history. It drives everything: one event after the other, each only when all effects of the
 * one before have settled, so that a seed gives the same history every time.
 */
export interface Scheduler {
  /** Milliseconds since the history began. */
  readonly now: number;
  readonly dice: Dice;
  /** At least 0, below 1. */
  random(): number;
  /**
   * Calls after this time, unless the returned function is called before; never once the process is dead, later while
   * it pauses.
   */
  after(ms: number, call: () => void, process?: Process): () => void;
  wait(ms: number): Promise<void>;
  /** Lets time pass until the work is done. @throws {Error} when no event is left. */
  until<Result>(work: Promise<Result>): Promise<Result>;
  /** Adds a line to the trace. */
  note(line: string): void;
  readonly trace: readonly string[];
}

/** A process of a service: what waits for a dead one waits for ever. */
export interface Process {
  readonly name: string;
  alive: boolean;
  pausedUntil: number;
  /** Its clock's offset, in ms. */
  clockOffsetMs: number;
  /** Dies after this many more calls to a server; whether the last one still arrives. */
  dies: { calls: number; arrives: boolean } | null;
}

interface Due {
  at: number;
  /** At equal times, the one that was planned first. */
  number: number;
  call: (() => void) | null;
  process: Process | undefined;
}

export function createScheduler(seed: number): Scheduler {
  const dice = createDice(seed);
  const planned = createHeap();
  const trace: string[] = [];
  let now = 0;
  let number = 0;

  function plan(at: number, call: () => void, process: Process | undefined): Due {
    const due: Due = { at, number: (number += 1), call, process };
    planned.push(due);
    return due;
  }

  /** Returns false when there was nothing to do. */
  function step(due: Due): boolean {
    const { call, process } = due;
    if (!call || process?.alive === false) return false;
    if (process && process.pausedUntil > due.at) {
      // A planned event can still be cancelled.
      due.at = process.pausedUntil;
      due.number = number += 1;
      planned.push(due);
      return false;
    }
    now = due.at;
    call();
    return true;
  }

  const scheduler: Scheduler = {
    get now() {
      return now;
    },
    dice,
    random: () => dice.below(2 ** 30) / 2 ** 30,
    after(ms, call, process) {
      const due = plan(now + Math.max(0, ms), call, process);
      return () => {
        due.call = null;
      };
    },
    wait: (ms) => new Promise((resolve) => void scheduler.after(ms, resolve)),
    async until(work) {
      const state = { isOver: false };
      const end = () => {
        state.isOver = true;
      };
      work.then(end, end);
      for (await rest(); !state.isOver;) {
        const due = planned.pop();
        if (!due) throw new Error('Nothing is left that could happen.');
        if (step(due)) await rest();
      }
      return work;
    },
    note: (line) => void trace.push(`${now.toFixed(2)} ${line}`),
    trace,
  };
  return scheduler;
}

/** Resolves when no promise is left that could continue by itself. */
const rest = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Timers of a process. */
export function timeOf(scheduler: Scheduler, process: Process): Time {
  return {
    now: () => scheduler.now,
    wait: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = scheduler.after(ms, resolve, process);
        const abort = () => {
          stop();
          reject(new Error('aborted'));
        };
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      }),
    after: (ms, call) => scheduler.after(ms, call, process),
    every(ms, call) {
      let stop: () => void = () => undefined;
      const again = () => {
        stop = scheduler.after(
          ms,
          () => {
            again();
            call();
          },
          process,
        );
      };
      again();
      return () => stop();
    },
  };
}

/** A binary heap: what is due first is popped first. */
function createHeap() {
  const heap: Due[] = [];
  const isBefore = (one: Due, other: Due) => one.at < other.at || (one.at === other.at && one.number < other.number);

  function swap(one: number, other: number): void {
    const [a, b] = [heap[one], heap[other]] as [Due, Due];
    heap[one] = b;
    heap[other] = a;
  }
  const goesFirst = (one: number, other: number) => {
    const [a, b] = [heap[one], heap[other]];
    return a !== undefined && (b === undefined || isBefore(a, b));
  };

  return {
    push(due: Due): void {
      let place = heap.push(due) - 1;
      for (let above = (place - 1) >> 1; place > 0 && goesFirst(place, above); above = (place - 1) >> 1) {
        swap(place, above);
        place = above;
      }
    },
    pop(): Due | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (!last || heap.length === 0) return first;
      heap[0] = last;
      for (let place = 0; ;) {
        const [left, right] = [2 * place + 1, 2 * place + 2];
        const below = goesFirst(right, left) ? right : left;
        if (!goesFirst(below, place)) return first;
        swap(place, below);
        place = below;
      }
    },
  };
}
