import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes a folder and its parents. Node's `recursive` never returns where an existing parent accepts none (/proc). */
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
