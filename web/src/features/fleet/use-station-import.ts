import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { GraphqlRequestError } from '../../../../schema/client/client.ts';
import { useActing } from '../../shared/session/acting.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { readFile } from './file-text.ts';
import { carryOut, type Deed, planFor, type Result, stationsOf, type Step } from './import-stations.ts';
import { readStations } from './station-csv.ts';
import type { StationFileRefusal } from './station-words.ts';

/** A line of the city's file has some 150 bytes: this is ten times the longest file that is taken. */
const largestFileBytes = 16_000_000;

export interface StationImport {
  refusal: StationFileRefusal | null;
  /** Null before a file is read and compared with the stations that there are. */
  steps: readonly Step[] | null;
  results: ReadonlyMap<Deed, Result>;
  state: 'idle' | 'reading' | 'running';
  /** The code of the error with which the last call ended; what is not done is asked for again. */
  error: string | null;
  choose(file: File): Promise<void>;
  start(deeds: readonly Deed[]): Promise<void>;
  /** The call under way is finished. */
  stop(): void;
}

const codeOf = (error: unknown) => (error instanceof GraphqlRequestError ? error.code : 'UNKNOWN');

export function useStationImport(): StationImport {
  const acting = useActing();
  const queries = useQueryClient();
  const [refusal, setRefusal] = useState<StationFileRefusal | null>(null);
  const [steps, setSteps] = useState<readonly Step[] | null>(null);
  const [results, setResults] = useState<ReadonlyMap<Deed, Result>>(new Map());
  const [state, setState] = useState<StationImport['state']>('idle');
  const [error, setError] = useState<string | null>(null);
  const leaving = useRef<AbortController>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  async function choose(file: File) {
    if (!acting || state !== 'idle') return;
    setState('reading');
    setSteps(null);
    setResults(new Map());
    setRefusal(null);
    setError(null);
    try {
      const read = await readFile(file, largestFileBytes);
      if ('refusal' in read) return setRefusal({ code: read.refusal });
      const { lines, problem } = readStations(read.text, serverClock.now());
      if (problem || lines.length === 0) return setRefusal(problem ?? { code: 'empty' });
      setSteps(planFor(lines, await stationsOf(acting.client)));
    } catch (failure) {
      setError(codeOf(failure));
    } finally {
      setState('idle');
    }
  }

  async function start(deeds: readonly Deed[]) {
    if (!acting || state !== 'idle') return;
    const { signal } = (leaving.current = new AbortController());
    setState('running');
    setError(null);
    try {
      await carryOut(acting.client, deeds, (news) => setResults((known) => new Map([...known, ...news])), signal);
    } catch (failure) {
      setError(codeOf(failure));
    } finally {
      setState('idle');
      // Names and places too, which the stream of counts does not tell.
      await Promise.all([acting.refresh(), queries.invalidateQueries({ queryKey: ['city'] })]);
    }
  }
  return { refusal, steps, results, state, error, choose, start, stop: () => leaving.current?.abort() };
}
