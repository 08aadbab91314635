import { useEffect, useRef, useState } from 'react';
import { GraphqlRequestError } from '../../../../schema/client/client.ts';
import { useActing } from '../../shared/session/acting.ts';
import { readFile } from './file-text.ts';
import { readMoves } from './move-csv.ts';
import { type MovePlan, planMoves } from './move-plan.ts';
import type { MoveFileRefusal } from './move-words.ts';

/** Of the longest file that is taken: 80 bytes a line, for two numbers and a note. */
const largestFileBytes = 16_000_000;

export interface ChosenMoves {
  refusal: MoveFileRefusal | null;
  /** Null before a file is read and its bikes are looked at. */
  plan: MovePlan | null;
  /** How many of its bikes are looked at; null while none is read. */
  looked: { count: number; of: number } | null;
  /** The code of the error with which looking ended. */
  error: string | null;
  choose(file: File): Promise<void>;
  forget(): void;
}

/** A file of moves that somebody chose, and what it would do. */
export function useMoveFile(): ChosenMoves {
  const acting = useActing();
  const [refusal, setRefusal] = useState<MoveFileRefusal | null>(null);
  const [plan, setPlan] = useState<MovePlan | null>(null);
  const [looked, setLooked] = useState<ChosenMoves['looked']>(null);
  const [error, setError] = useState<string | null>(null);
  const leaving = useRef<AbortController>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  function forget() {
    setPlan(null);
    setRefusal(null);
    setError(null);
  }

  async function choose(file: File) {
    if (!acting || looked) return;
    const { signal } = (leaving.current = new AbortController());
    forget();
    setLooked({ count: 0, of: 0 });
    try {
      const read = await readFile(file, largestFileBytes);
      if ('refusal' in read) return setRefusal(read.refusal);
      const { lines, problem } = readMoves(read.text);
      if (problem) return setRefusal(problem);
      const of = lines.filter(({ move }) => move).length;
      setPlan(await planMoves(acting.client, lines, signal, (count) => setLooked({ count, of })));
    } catch (failure) {
      if (!signal.aborted) setError(failure instanceof GraphqlRequestError ? failure.code : 'UNKNOWN');
    } finally {
      setLooked(null);
    }
  }
  return { refusal, plan, looked, error, choose, forget };
}
