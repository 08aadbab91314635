/** `npm run reset`: forgets all data of the local servers; `npm run reset -- --all` also the installed servers. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMain } from '../../schema/is-main.ts';
import { DATA_DIRECTORY, DataPlaneError } from './data-plane.ts';
import { shown, writing } from './data-plane-error.ts';
import { takeLock } from './lock.ts';

const usage = `npm run reset -- [options]
  --all    removes the installed servers too
  --help   says this, and removes nothing`;

/** @throws {DataPlaneError} for an unknown argument: a typo must not delete data. */
function options(): { all: boolean; help: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ options: { all: flag, help: flag } }).values;
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split(/[.\n]/);
    throw new DataPlaneError(`${line ?? ''}. Nothing was removed.\n${usage}`);
  }
}

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

if (isMain(import.meta.url)) {
  try {
    const { all, help } = options();
    if (help) console.log(usage);
    else {
      await reset(DATA_DIRECTORY, all);
      console.log(`Removed the data in ${shown(DATA_DIRECTORY)}${all ? ' and the installed servers' : ''}.`);
    }
  } catch (error) {
    if (!(error instanceof DataPlaneError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
