import { Schema, type Connection } from 'mongoose';
import { createBatcher } from './batcher.ts';
import { writeRows } from './views.ts';
import { realTime, type Time } from './time.ts';

/** How far a consumer has come on each subject: the last version it handled. */
export interface Positions {
  get(subject: string): Promise<number>;
  /** What the database says now; another instance may have moved it. */
  reread(subject: string): Promise<number>;
  /** Known to this instance at once; resolves when it is stored, together with others. Never moves back. */
  advance(subject: string, version: number): Promise<void>;
  /** Stores at once what was advanced: somebody waits for it. */
  hurry(): void;
}

interface Position {
  _id: string;
  version: number;
}

const schema = new Schema<Position>({ _id: String, version: Number }, { collection: 'positions', versionKey: false });

/** Where positions are kept. */
export interface PositionTable {
  /** 0 for a subject of which nothing was handled. */
  read(subject: string): Promise<number>;
  /** Moves positions forward, never back; each subject comes once. */
  raise(moves: { subject: string; version: number }[]): Promise<void>;
}

export function createPositionTable(database: Connection): PositionTable {
  const model = database.model<Position>('Position', schema);
  return {
    read: async (subject) => (await model.findById(subject).lean<Position>().exec())?.version ?? 0,
    raise: (moves) =>
      writeRows(
        model.collection,
        moves.map(({ subject, version }) => ({ _id: subject, version })),
      ),
  };
}

/** @param gatherMs how long positions may wait for others, to share a write. */
export function createPositions(table: PositionTable, gatherMs: number, time: Time = realTime): Positions {
  const known = new Map<string, number>();
  const batcher = createBatcher<{ subject: string; version: number }>(
    (moves) => {
      // Of several moves of a subject only the farthest matters.
      const farthest = new Map<string, number>();
      for (const { subject, version } of moves) {
        farthest.set(subject, Math.max(version, farthest.get(subject) ?? 0));
      }
      return table.raise(Array.from(farthest, ([subject, version]) => ({ subject, version })));
    },
    { gatherMs, time },
  );

  async function reread(subject: string): Promise<number> {
    const version = Math.max(await table.read(subject), known.get(subject) ?? 0);
    known.set(subject, version);
    return version;
  }

  return {
    reread,
    get: async (subject) => known.get(subject) ?? (await reread(subject)),
    async advance(subject, version) {
      known.set(subject, Math.max(version, known.get(subject) ?? 0));
      try {
        await batcher.add({ subject, version });
      } catch (error) {
        // Only what is stored may be relied on: the event comes again, and handling it again is harmless.
        known.delete(subject);
        throw error;
      }
    },
    hurry: () => batcher.hurry(),
  };
}
