import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes a folder and those above it. Node's own way never ends where a folder that is there takes none (/proc). */
export function makeFolder(path: string): void {
  const wanted = resolve(path);
  if (existsSync(wanted)) return;
  if (dirname(wanted) !== wanted) makeFolder(dirname(wanted));
  try {
    mkdirSync(wanted);
  } catch (error) {
    // Another process has made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
