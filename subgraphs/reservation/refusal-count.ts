import type { DemandRefusal } from '../../schema/events/index.ts';
import type { CountRefusals } from './demand.ts';

/**
 * Counts refusals of this process and publishes them together: however many there are, a journal grows by one event per
 * flush. A process that is killed loses those of its last second.
 */
export interface RefusalCount {
  add(code: DemandRefusal): void;
  /** Publishes what was counted since, if anything; a failed flush is repeated under the same cause. */
  tell(): Promise<void>;
}

export interface RefusalCountOptions {
  clock(): Date;
  /** From 0 to 1. */
  random(): number;
  /** Once per cause, however often it is called. */
  record(command: CountRefusals, cause: string, at: string): Promise<unknown>;
}

export function createRefusalCount({ clock, random, record }: RefusalCountOptions): RefusalCount {
  const counts = new Map<DemandRefusal, number>();
  let untold: { command: CountRefusals; cause: string; at: string } | undefined;

  /** The counts so far, as one command. */
  function take() {
    if (counts.size === 0) return undefined;
    const at = clock().toISOString();
    const refusals = Array.from(counts, ([code, count]) => ({ code, count }));
    counts.clear();
    return { command: { type: 'CountRefusals' as const, refusals }, cause: `refusals:${at}:${random()}`, at };
  }

  return {
    add: (code) => void counts.set(code, (counts.get(code) ?? 0) + 1),
    async tell() {
      untold ??= take();
      if (!untold) return;
      await record(untold.command, untold.cause, untold.at);
      untold = undefined;
    },
  };
}
