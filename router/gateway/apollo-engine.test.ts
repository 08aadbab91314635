import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
beforeAll(async () => {
  graph = await startTestSupergraph({ ENGINE: 'apollo' });
});
afterAll(() => graph.close());

async function ask(query: string, authorization?: string): Promise<unknown> {
  const response = await fetch(graph.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

describe('ENGINE=apollo', () => {
  it('answers queries from several subgraphs, under the names that the client gave', async () => {
    expect(await ask('{ bike(bikeId: 7) { bikeId: color isAvailable __typename } }')).toEqual({
      data: { bike: { bikeId: 'color 7', isAvailable: true, __typename: 'Bike' } },
    });
  });

  it('carries out mutations with the token of who asks', async () => {
    const mutation = 'mutation { registerBike(input: { color: "green" }) { bike { color isAvailable } } }';
    expect(await ask(mutation, await graph.signIn('1', 'operator'))).toEqual({
      data: { registerBike: { bike: { color: 'green', isAvailable: true } } },
    });
    expect(await ask(mutation)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('passes on what a subgraph says went wrong, and nothing from the inside', async () => {
    expect(await ask('{ toString: bike(bikeId: 409) { color } }')).toEqual({
      data: { toString: null },
      errors: [{ message: 'Somebody else was first.', path: ['toString'], extensions: { code: 'CONFLICT' } }],
    });
  });

  it('is refused with what it would not do', async () => {
    await expect(graph.startRouter({ OVERRIDE_LABELS: 'new-colors' })).rejects.toThrow(
      'OVERRIDE_LABELS: ENGINE=apollo has no labels on; leave one of the two out.',
    );
  });

  it('reports nothing to its maker', () => {
    expect(process.env['APOLLO_TELEMETRY_DISABLED']).toBe('true');
  });
});
