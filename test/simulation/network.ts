import type { Process, Scheduler } from './scheduler.ts';

/** The faults between a process and a server. */
export type Trouble =
  | 'none'
  /** Connections are refused: known at once. */
  | 'refused'
  /** Requests get lost; the caller waits for its time-out. */
  | 'deaf'
  /** Requests arrive, answers get lost. */
  | 'mute'
  /** Each request may have any of these. */
  | 'lossy'
  | 'slow'
  /** The server answers some requests with an unknown error. */
  | 'strange';

/** The link from one process to one server. */
export interface Link {
  /** Its fault; shared by the successive processes of one instance. */
  readonly state: { trouble: Trouble };
  /**
   * Executes something at the server and returns its result.
   * @param effect done at one moment; when the answer is lost, only a `portion` from 0 to 1 of a bulk write may be
   * done.
   */
  call<Result>(what: string, effect: (portion: number) => Result): Promise<Result>;
  /** The same without an answer. */
  send(what: string, effect: () => void): void;
  /** A message that the server sends on its own. */
  receive(ms: number, hear: () => void): void;
}

export interface LinkOptions {
  scheduler: Scheduler;
  process: Process;
  state: { trouble: Trouble };
  timeoutMs: number;
  /** Requests arrive in the order they leave. */
  inOrder: boolean;
  away(): Error;
  /** Called when the process dies during a call. */
  died(): void;
}

export function createLink(options: LinkOptions): Link {
  const { scheduler, process, state, timeoutMs } = options;
  const { dice } = scheduler;
  let lastArrival = 0;

  function troubleNow(): Trouble {
    const { trouble } = state;
    if (trouble === 'lossy') return dice.pick(['none', 'none', 'none', 'refused', 'deaf', 'mute']);
    if (trouble === 'strange') return dice.below(4) === 0 ? 'strange' : 'none';
    return trouble;
  }

  const latency = (trouble: Trouble) => (trouble === 'slow' ? dice.below(1_500) : 0.2 + dice.below(300) / 100);

  function arrival(trouble: Trouble): number {
    const at = scheduler.now + latency(trouble);
    if (!options.inOrder) return at - scheduler.now;
    lastArrival = Math.max(at, lastArrival + 0.001);
    return lastArrival - scheduler.now;
  }

  /** Whether the process survives, and whether its present call still arrives. */
  function survives(): { lives: boolean; arrives: boolean } {
    const { dies } = process;
    if (!dies) return { lives: true, arrives: true };
    dies.calls -= 1;
    if (dies.calls > 0) return { lives: true, arrives: true };
    process.dies = null;
    options.died();
    return { lives: false, arrives: dies.arrives };
  }

  return {
    state,
    call: (what, effect) =>
      new Promise((resolve, reject) => {
        if (!process.alive) return;
        const { lives, arrives } = survives();
        if (!arrives) return;
        const trouble = troubleNow();
        const isAnswered = lives && !['refused', 'deaf', 'mute'].includes(trouble);
        if (!isAnswered && lives) {
          const failsIn = trouble === 'refused' ? latency(trouble) : timeoutMs;
          scheduler.after(failsIn, () => reject(options.away()), process);
        }
        if (trouble === 'refused' || trouble === 'deaf') return;
        scheduler.after(arrival(trouble), () => {
          scheduler.note(`${process.name} ${what}${isAnswered ? '' : ' (no answer)'}`);
          const answer = outcomeOf(() => {
            if (trouble === 'strange') throw new Error('a strange thing happened');
            return effect(isAnswered ? 1 : scheduler.random());
          });
          if (!isAnswered) return;
          scheduler.after(
            latency(trouble),
            () => ('error' in answer ? reject(answer.error) : resolve(answer.value)),
            process,
          );
        });
      }),
    send(what, effect) {
      if (!process.alive || !survives().arrives) return;
      const trouble = troubleNow();
      if (trouble === 'refused' || trouble === 'deaf') return;
      scheduler.after(arrival(trouble), () => {
        scheduler.note(`${process.name} ${what}`);
        effect();
      });
    },
    receive(ms, hear) {
      scheduler.after(
        ms,
        () => {
          const trouble = troubleNow();
          if (['refused', 'deaf', 'mute'].includes(trouble)) return;
          hear();
        },
        process,
      );
    },
  };
}

function outcomeOf<Result>(work: () => Result): { value: Result } | { error: Error } {
  try {
    return { value: work() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
