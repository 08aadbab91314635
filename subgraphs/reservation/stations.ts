import { z } from 'zod';
import type { Position } from '../../schema/places.ts';
import { UnavailableError } from '../../platform/index.ts';

const statesAnswer = z.object({ states: z.record(z.string(), z.enum(['OPEN', 'CLOSED'])) });

const nearAnswer = z.object({ near: z.array(z.object({ stationId: z.string(), meters: z.number() })) });

/** A station, and how far it is. */
export interface NearStation {
  stationId: string;
  meters: number;
}

export type StationState = 'OPEN' | 'CLOSED' | 'unknown';

export interface Stations {
  /** What station says of each of these; unknown: there is none. @throws {UnavailableError} when it does not answer. */
  statesOf(stationIds: readonly string[]): Promise<(stationId: string) => StationState>;
  /** Those that are so near, the nearest first. @throws {UnavailableError} when station does not answer. */
  near(position: Position, meters: number): Promise<NearStation[]>;
}

/** The stations, as their owner knows them. @param ask asks station. */
export function createStations(ask: (endpoint: 'states' | 'near', question: object) => Promise<unknown>): Stations {
  return {
    async statesOf(stationIds) {
      const { states } = statesAnswer.parse(await ask('states', { stationIds: [...new Set(stationIds)] }));
      return (stationId) => (Object.hasOwn(states, stationId) ? (states[stationId] ?? 'unknown') : 'unknown');
    },
    near: async (position, meters) => nearAnswer.parse(await ask('near', { position, meters })).near,
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
