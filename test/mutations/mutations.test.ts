import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutate, mutations } from './mutations.ts';

const root = join(import.meta.dirname, '../..');

describe('the mutations', () => {
  it('are many, and each has a name of its own', () => {
    expect(mutations.length).toBeGreaterThanOrEqual(25);
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  });

  it.each(mutations.map((mutation) => [mutation.name, mutation] as const))('fit the code: %s', (_name, mutation) => {
    const source = readFileSync(join(root, mutation.file), 'utf8');
    expect(mutate(mutation, source)).not.toBe(source);
  });
});
