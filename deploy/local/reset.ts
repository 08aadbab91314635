/** `npm run reset`: forgets all data of the local servers; `npm run reset -- --all` also the installed servers. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_DIRECTORY, DataPlaneError } from './data-plane.ts';
import { shown, writing } from './data-plane-error.ts';
import { takeLock } from './lock.ts';

/** Removes what the data plane made in a folder and nothing else; throws DataPlaneError while it is in use. */
export async function reset(directory: string, all: boolean): Promise<void> {
  const lock = await takeLock(directory);
  try {
    for (const name of ['data', 'logs', ...(all ? ['python'] : [])]) {
      writing(directory, () => rmSync(join(directory, name), { recursive: true, force: true }));
    }
  } finally {
    lock.release();
  }
}

if (import.meta.main) {
  try {
    const all = process.argv.includes('--all');
    await reset(DATA_DIRECTORY, all);
    console.log(`Removed the data in ${shown(DATA_DIRECTORY)}${all ? ' and the installed servers' : ''}.`);
  } catch (error) {
    if (!(error instanceof DataPlaneError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
