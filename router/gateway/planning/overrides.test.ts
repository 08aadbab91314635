import { describe, expect, it } from '@jest/globals';
import type { Logger } from '../../../platform/server/index.ts';
import { createOverrides, overridesIn, tellUnknown } from './overrides.ts';

const sdl = ['fleet', 'shop:v2', 'percent(30)', 'percent(0.5)', 'percent(0)', 'percent(100)']
  .map((label) => `@join__field(graph: B, override: "a", overrideLabel: "${label}")`)
  .join('\n');

/** The labels that are on where chance says so. */
const onAt = (random: number, settings: string[] = []) =>
  createOverrides({ sdl }, overridesIn(settings), () => random)().key.split(' ');

describe('the labels of an operation', () => {
  it('are those with a larger percentage than chance has it', () => {
    expect(onAt(0)).toEqual(['percent(30)', 'percent(0.5)', 'percent(100)']);
    expect(onAt(0.005)).toEqual(['percent(30)', 'percent(100)']);
    expect(onAt(0.2999)).toEqual(['percent(30)', 'percent(100)']);
    expect(onAt(0.3)).toEqual(['percent(100)']);
    expect(onAt(0.9999)).toEqual(['percent(100)']);
  });

  it('that have a name are on by a setting, for all or for some', () => {
    expect(onAt(0.99, ['fleet', 'unheard-of'])).toEqual(['fleet', 'percent(100)']);
    expect(onAt(0.24, ['fleet=25', 'shop:v2=25.5'])).toContain('fleet');
    expect(onAt(0.25, ['fleet=25', 'shop:v2=25.5'])).toEqual(['shop:v2', 'percent(30)', 'percent(100)']);
    expect(onAt(0, ['fleet=0'])).not.toContain('fleet');
  });

  it('are decided by chance where nothing else is said', () => {
    const decide = createOverrides({ sdl });
    const keys = new Set(Array.from({ length: 200 }, () => decide().key));
    expect([...keys].sort()).toEqual(expect.arrayContaining(['percent(100)', 'percent(30) percent(100)']));
  });
});

it('a label that no field has is told', () => {
  const told: unknown[] = [];
  const logger = { warn: (fields: unknown) => void told.push(fields) } as unknown as Logger;
  tellUnknown({ sdl }, ['fleet', 'flete'], logger);
  tellUnknown({ sdl }, ['fleet'], logger);
  expect(told).toEqual([{ labels: ['flete'] }]);
});
