import { useEffect, useRef, useState } from 'react';
import { useClock } from '../../shared/i18n/clock.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { randomId } from '../../shared/api/random-id.ts';
import { useActing } from '../../shared/session/acting.ts';
import { type BulkLine, type BulkOutcome, type Change, isSent, outcomeBefore, runBulk } from './bulk.ts';

/** For so long after it has ended a change can be taken back. */
const undoMs = 60_000;

/** A change of many bikes that somebody confirmed. */
export interface Bulk {
  change: Change;
  lines: readonly BulkLine[];
  outcomes: ReadonlyMap<number, BulkOutcome>;
  status: 'running' | 'ended' | 'undoing' | 'undone';
  /** What became of those that were to be as before. */
  undone: ReadonlyMap<number, BulkOutcome>;
  /** Until when it can be taken back, by the server's clock; null when it cannot. */
  undoUntil: number | null;
}

export interface RunningBulk {
  bulk: Bulk | null;
  start(change: Change, lines: readonly BulkLine[]): Promise<void>;
  /** Sends those again that got no answer. */
  retry(): Promise<void>;
  undo(): Promise<void>;
  /** The call under way is finished. */
  stop(): void;
  forget(): void;
}

type Outcomes = readonly (readonly [number, BulkOutcome])[];

export function useBulk(): RunningBulk {
  const acting = useActing();
  const [bulk, setBulk] = useState<Bulk | null>(null);
  const key = useRef('');
  const leaving = useRef<AbortController>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  async function run(
    change: Change,
    lines: readonly BulkLine[],
    told: 'outcomes' | 'undone',
    after: 'ended' | 'undone',
  ): Promise<void> {
    // Signed out meanwhile: what got no answer can be sent again.
    if (!acting) return setBulk((known) => known && { ...known, status: after });
    const { signal } = (leaving.current = new AbortController());
    const isUndo = told === 'undone';
    await runBulk({
      ...{ client: acting.client, change, lines, signal, isUndo },
      key: isUndo ? `${key.current}:undo` : key.current,
      onOutcomes: (news: Outcomes) =>
        setBulk((known) => known && { ...known, [told]: new Map([...known[told], ...news]) }),
    });
    const undoUntil = isUndo ? null : serverClock.now() + undoMs;
    setBulk((known) => known && { ...known, status: after, undoUntil });
    await acting.refresh();
  }

  async function start(change: Change, lines: readonly BulkLine[]) {
    key.current = randomId();
    const known = lines.flatMap((line) => {
      const outcome = outcomeBefore(line);
      return outcome ? [[line.bikeId, outcome] as const] : [];
    });
    setBulk({ change, lines, outcomes: new Map(known), status: 'running', undone: new Map(), undoUntil: null });
    await run(change, lines.filter(isSent), 'outcomes', 'ended');
  }
  async function retry() {
    if (!bulk) return;
    const unanswered = bulk.lines.filter(
      (line) => isSent(line) && (bulk.outcomes.get(line.bikeId)?.status ?? 'failed') === 'failed',
    );
    setBulk({ ...bulk, status: 'running', undoUntil: null });
    await run(bulk.change, unanswered, 'outcomes', 'ended');
  }
  async function undo() {
    if (!bulk) return;
    const changed = bulk.lines.filter(({ bikeId }) => bulk.outcomes.get(bikeId)?.status === 'changed');
    const left = changed.filter(({ bikeId }) => bulk.undone.get(bikeId)?.status !== 'changed');
    setBulk({ ...bulk, status: 'undoing', undoUntil: null });
    await run(bulk.change, left, 'undone', 'undone');
  }
  return { bulk, start, retry, undo, stop: () => leaving.current?.abort(), forget: () => setBulk(null) };
}

/** How long a change can be taken back. */
export function useUndoSeconds(until: number | null): number {
  return useClock((now) => (until === null ? 0 : Math.max(0, Math.ceil((until - now) / 1_000))));
}
