import { useEffect, useRef, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { BikeConditionsDocument } from '../../../../schema/client/generated/graphql.ts';
import { useActing } from '../../shared/session/acting.ts';
import type { BikeLine } from './bike-csv.ts';
import { importBikes, type LineOutcome } from './import-bikes.ts';

export interface RunningImport {
  /** By the keys of the lines, so that an outcome survives the correction of other lines. */
  outcomes: ReadonlyMap<string, LineOutcome>;
  isRunning: boolean;
  /** Bikes of the fleet before the last run and after it; null while it runs, or when they could not be counted. */
  fleet: { before: number; after: number } | null;
  start(lines: readonly BikeLine[]): Promise<void>;
  /** The call under way is finished. */
  stop(): void;
}

export function useImport(): RunningImport {
  const acting = useActing();
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, LineOutcome>>(new Map());
  const [isRunning, setRunning] = useState(false);
  const [fleet, setFleet] = useState<RunningImport['fleet']>(null);
  const leaving = useRef<AbortController>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  async function start(lines: readonly BikeLine[]) {
    if (!acting || isRunning) return;
    const { client } = acting;
    const { signal } = (leaving.current = new AbortController());
    setRunning(true);
    setFleet(null);
    const before = await fleetSize(client);
    await importBikes({
      client,
      lines,
      signal,
      onOutcomes: (news) => setOutcomes((known) => new Map([...known, ...news])),
    });
    const after = await fleetSize(client);
    if (before !== null && after !== null) setFleet({ before, after });
    setRunning(false);
  }
  return { outcomes, isRunning, fleet, start, stop: () => leaving.current?.abort() };
}

async function fleetSize(client: Client): Promise<number | null> {
  try {
    return (await client.request(BikeConditionsDocument, { first: 1 })).bikes.totalCount;
  } catch {
    return null;
  }
}
