import { describe, expect, it } from '@jest/globals';
import { startFederation, type EngineName } from '../federation.ts';
import { overrides } from './provides.ts';

/** Which subgraph is asked for the field that moves from a to b. */
async function ownerIn(feature: string, engine: EngineName, query = '{ products { price } }') {
  const definition = overrides[feature];
  if (!definition) throw new Error(`There is no ${feature}.`);
  const { asked } = await startFederation(definition, new Set(definition.labels)).ask(engine, query);
  return asked.filter(({ query: text }) => text.includes('price')).map(({ subgraph }) => subgraph);
}

describe.each(['own', 'apollo'] as const)('a field that moves (%s)', (engine) => {
  it.each([
    ['a field that has moved', 'b'],
    ['a field that moves by a label that is off', 'a'],
    ['a field that moves by a label that is on', 'b'],
    ['a field that moves for nobody', 'a'],
    ['a field that moves for everybody', 'b'],
  ])('%s: %s is asked', async (feature, subgraph) => {
    expect(await ownerIn(feature, engine)).toEqual([subgraph]);
  });

  it('for some moves for some operations', async () => {
    const owners = new Set<string | undefined>();
    for (let count = 0; count < 40 && owners.size < 2; count += 1) {
      owners.add((await ownerIn('a field that moves for some', engine))[0]);
    }
    expect([...owners].sort()).toEqual(['a', 'b']);
  });
});
