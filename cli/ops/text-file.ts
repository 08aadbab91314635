import { readFile } from 'node:fs/promises';
import { textOf } from '../../web/src/features/fleet/file-text.ts';
import { exitCodes, OpsError } from './ops-error.ts';

/** What a file says, in any of the encodings that the pages take. @throws {OpsError} for what is no file, or no text. */
export async function readTextFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new OpsError(exitCodes.usage, `${file} cannot be read: ${(error as Error).message}`);
  });
  const text = textOf(bytes);
  if (text === null) throw new OpsError(exitCodes.usage, `${file} is no text.`);
  return text;
}
