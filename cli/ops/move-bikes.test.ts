import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Client, GraphqlRequestError } from '../../schema/client/client.ts';
import { moveBikes } from './move-bikes.ts';

describe('a file of where bikes stand', () => {
  it('moves what it can, and tells what was not tried after a call that failed', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'moves-')), 'moves.csv');
    await writeFile(file, Array.from({ length: 1_600 }, (_, index) => `${index + 1},101`).join('\n'));
    const keys: string[][] = [];
    const client = {
      request: (_document: unknown, { input }: { input: { moves: { idempotencyKey: string }[] } }) => {
        keys.push(input.moves.map(({ idempotencyKey }) => idempotencyKey));
        if (keys.length === 2) return Promise.reject(new GraphqlRequestError('CONNECTION_LOST', 'away'));
        if (keys.length > 3) return Promise.reject(new GraphqlRequestError('FORBIDDEN', 'no right'));
        return Promise.resolve({ moveBikes: { results: input.moves.map(() => ({ refusal: null })) } });
      },
    } as unknown as Client;
    const outcomes = await moveBikes(client, file, { dryRun: false, reason: null }, () => undefined);
    await rm(dirname(file), { recursive: true });
    const count = (outcome: string) => outcomes.filter((each) => each.outcome === outcome).length;
    expect(['there', 'unknown', 'not tried'].map(count)).toEqual([1_000, 500, 100]);
    expect(outcomes.at(-1)).toMatchObject({ line: 1_600, why: 'no right' });
    // The second call was asked twice, as the same one; of all others no key is another's.
    expect(keys[1]).toEqual(keys[2]);
    expect(new Set(keys.flat()).size).toBe(1_500);
  });
});
