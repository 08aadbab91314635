import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeFolder } from './make-folder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-'));
  await writeFile(join(folder, 'file'), '');
});
afterAll(() => rm(folder, { recursive: true }));

describe('a folder', () => {
  it('is made with those above it, and may be there already', async () => {
    const path = join(folder, 'a', 'b', 'c');
    makeFolder(path);
    makeFolder(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it.each(['/proc/x', '/proc/x/y/z', '/sys/x', '/dev/null/x'])('is refused where there can be none: %s', (path) => {
    expect(() => makeFolder(path)).toThrow();
  });

  it('is refused below a file', () => {
    expect(() => makeFolder(join(folder, 'file', 'x'))).toThrow();
  });
});
