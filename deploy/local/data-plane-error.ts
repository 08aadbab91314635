import { relative } from 'node:path';

/** The local servers cannot start; the message tells a person what is wrong and what to do, in a line or two. */
export class DataPlaneError extends Error {
  override name = 'DataPlaneError';
}

/** A path as a person in the project folder would type it. */
export function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere || '.';
}

/** Runs a change to the file system and says in one line that the folder cannot be written when it fails. */
export function writing<T>(folder: string, change: () => T): T {
  try {
    return change();
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

export function cannotWrite(folder: string, error: unknown): DataPlaneError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new DataPlaneError(
    `Cannot write to ${shown(folder)} (${code}). It must be a folder that you may write to, on a disk with space left.`,
  );
}
