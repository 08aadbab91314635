import { describe, expect, it } from '@jest/globals';
import { startFederation, type EngineName } from '../federation.ts';
import { overrides } from './provides.ts';

/** Which subgraph is asked for the field that moves from a to b, each time. */
async function ownersIn(feature: string, engine: EngineName, times = 1, labels = overrides[feature]?.labels) {
  const definition = overrides[feature];
  if (!definition) throw new Error(`There is no ${feature}.`);
  const federation = startFederation(definition, { labels });
  const owners: (string | undefined)[] = [];
  for (let count = 0; count < times; count += 1) {
    const { asked } = await federation.ask(engine, '{ products { price } }');
    owners.push(...asked.filter(({ query }) => query.includes('price')).map(({ subgraph }) => subgraph));
  }
  return owners;
}

describe.each(['own', 'apollo'] as const)('a field that moves (%s)', (engine) => {
  it.each([
    ['a field that has moved', 'b'],
    ['a field that moves by a label that is off', 'a'],
    ['a field that moves by a label that is on', 'b'],
    ['a field that moves for nobody', 'a'],
    ['a field that moves for everybody', 'b'],
  ])('%s: %s is asked', async (feature, subgraph) => {
    expect(await ownersIn(feature, engine)).toEqual([subgraph]);
  });

  it('for some moves for some operations, and by a label that is on for some too', async () => {
    // As likely not so as forty coins fall on one side.
    const times = 40;
    for (const owners of [
      await ownersIn('a field that moves for some', engine, times),
      await ownersIn('a field that moves by a label that is on', engine, times, ['moving=50']),
    ]) {
      expect(owners).toHaveLength(times);
      expect([...new Set(owners)].sort()).toEqual(['a', 'b']);
    }
  });
});
