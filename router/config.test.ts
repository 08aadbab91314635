import { expect, it } from '@jest/globals';
import { readRouterSettings, unknownSubgraphs } from './config.ts';

it('what settings say of a subgraph that there is not is found', () => {
  const unknownIn = (env: NodeJS.ProcessEnv) =>
    unknownSubgraphs(readRouterSettings(env, undefined), new Set(['bike', 'film-archive']));
  expect(unknownIn({})).toEqual([]);
  expect(unknownIn({ SUBGRAPH_TIMEOUTS: 'bike=1,film-archive=2', SUBGRAPH_HEADERS: 'x-a,bike:x-b' })).toEqual([]);
  expect(unknownIn({ SUBGRAPH_TIMEOUTS: 'bike=1,bikes=2,Bike=3', SUBGRAPH_HEADERS: 'bikes:x-a,x-b' })).toEqual([
    { setting: 'SUBGRAPH_HEADERS', subgraphs: ['bikes'] },
    { setting: 'SUBGRAPH_TIMEOUTS', subgraphs: ['bikes', 'Bike'] },
  ]);
});
