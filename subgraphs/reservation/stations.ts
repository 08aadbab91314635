import { z } from 'zod';
import { UnavailableError } from '../../platform/index.ts';

const statesAnswer = z.object({ states: z.record(z.string(), z.enum(['OPEN', 'CLOSED'])) });

export type StationState = 'OPEN' | 'CLOSED' | 'unknown';

export interface Stations {
  /** What station says of each of these; unknown: there is none. @throws {UnavailableError} when it does not answer. */
  statesOf(stationIds: readonly string[]): Promise<(stationId: string) => StationState>;
}

/** The stations, as their owner knows them. @param ask asks station. */
export function createStations(ask: (question: { stationIds: readonly string[] }) => Promise<unknown>): Stations {
  return {
    async statesOf(stationIds) {
      const { states } = statesAnswer.parse(await ask({ stationIds: [...new Set(stationIds)] }));
      return (stationId) => (Object.hasOwn(states, stationId) ? (states[stationId] ?? 'unknown') : 'unknown');
    },
  };
}

/** The same, for those who go on without an answer: undefined then. */
export async function stateIfKnown(stations: Stations, stationId: string): Promise<StationState | undefined> {
  try {
    return (await stations.statesOf([stationId]))(stationId);
  } catch (error) {
    if (error instanceof UnavailableError) return undefined;
    throw error;
  }
}
