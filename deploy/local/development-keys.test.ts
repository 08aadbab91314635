import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isPrivateKey } from '../../subgraphs/reservation/pushes/pushes.ts';
import { keptDevelopmentKeys, keptPushKey } from './development-keys.ts';

describe('what is made once on this machine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['keys of tokens', keptDevelopmentKeys],
    ['the key of pushes', keptPushKey],
  ])('%s: the same at the next start, for nobody else to read', async (name, kept) => {
    const file = join(folder, 'new', name);
    const made = await kept(file);
    expect(await kept(file)).toEqual(made);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(made);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is a key that reservation takes', async () => {
    expect(isPrivateKey((await keptPushKey(join(folder, 'push-key.json'))).VAPID_PRIVATE_KEY)).toBe(true);
  });
});
