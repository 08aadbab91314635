import { z } from 'zod';
import type { Position } from '../../schema/places.ts';
import { UnavailableError } from '../../platform/index.ts';

const statesAnswer = z.object({ states: z.record(z.string(), z.enum(['OPEN', 'CLOSED'])) });

const nearAnswer = z.object({
  /** Of the station that was asked about; missing: there is none. */
  position: z.object({ latitude: z.number(), longitude: z.number() }).optional(),
  near: z.array(z.object({ stationId: z.string(), meters: z.number() })),
});

/** A station, and how far it is. */
export interface NearStation {
  stationId: string;
  meters: number;
}

/** Where to look from: a position, or where a station stands. */
export type From = { position: Position } | { stationId: string };

export type StationState = 'OPEN' | 'CLOSED' | 'unknown';

export interface Stations {
  /** What station says of each of these; unknown: there is none. @throws {UnavailableError} when it does not answer. */
  statesOf(stationIds: readonly string[]): Promise<(stationId: string) => StationState>;
  /**
   * Those that are so near, the nearest first; without a position when there is no such station.
   * @throws {UnavailableError} when station does not answer.
   */
  near(from: From, meters: number): Promise<{ position?: Position | undefined; near: NearStation[] }>;
}

/** The stations, as their owner knows them. @param ask asks station. */
export function createStations(ask: (endpoint: 'states' | 'near', question: object) => Promise<unknown>): Stations {
  return {
    async statesOf(stationIds) {
      const { states } = understood(statesAnswer, await ask('states', { stationIds: [...new Set(stationIds)] }));
      return (stationId) => (Object.hasOwn(states, stationId) ? (states[stationId] ?? 'unknown') : 'unknown');
    },
    async near(from, meters) {
      const answer = understood(nearAnswer, await ask('near', { ...from, meters }));
      return { ...answer, ...from };
    },
  };
}

/** An answer that makes no sense, of another version say, is none. @throws {UnavailableError} */
function understood<Answer>(schema: z.ZodType<Answer>, answer: unknown): Answer {
  const { data, error } = schema.safeParse(answer);
  if (error) throw new UnavailableError('station gives an answer that is none.', { cause: error });
  return data;
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
