import { describe, expect, it } from '@jest/globals';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { readFeatures } from './features.ts';
import { readGraph } from './graph.ts';
import { graph } from './testing.ts';

const federation = (...names: string[]) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${JSON.stringify(names)})`;

function compose(...subgraphs: string[]): string {
  const { supergraphSdl, errors } = composeServices(
    subgraphs.map((sdl, index) => ({ name: `s${index}`, url: `http://s${index}`, typeDefs: parse(sdl) })),
  );
  expect(errors).toBeUndefined();
  return supergraphSdl ?? '';
}

/** The project's supergraph with one more line at its schema. */
const linking = (link: string) => graph.sdl.replace('schema\n', `schema\n  ${link}\n`);

describe('a supergraph that needs a feature that this router lacks', () => {
  it.each([
    ['of unknown security', '@link(url: "https://specs.apollo.dev/quarantine/v0.1", for: SECURITY)'],
    ['of unknown execution', '@link(url: "https://specs.apollo.dev/connect/v0.2", for: EXECUTION)'],
    ['of somebody else’s', '@link(url: "https://specs.example.com/inaccessible/v0.1", for: SECURITY)'],
    [
      'of another host whose name ends as ours',
      '@link(url: "https://x/https://specs.apollo.dev/join/v0.5", for: EXECUTION)',
    ],
    ['of a newer version', '@link(url: "https://specs.apollo.dev/join/v0.6", for: EXECUTION)'],
    ['of a whole new version', '@link(url: "https://specs.apollo.dev/inaccessible/v1.0", for: SECURITY)'],
    ['of no version', '@link(url: "https://specs.apollo.dev/join", for: EXECUTION)'],
    ['for a purpose that nobody knows', '@link(url: "https://specs.apollo.dev/color/v0.1", for: BEAUTY)'],
    ['by the older directive', '@core(feature: "https://specs.apollo.dev/quarantine/v0.1", for: SECURITY)'],
    ['by a directive of another name', '@needs(url: "https://specs.apollo.dev/quarantine/v0.1", for: SECURITY)'],
  ])('is refused with a line that names it: %s', (_what, link) => {
    const [, url = ''] = /"(.*?)"/.exec(link) ?? [];
    expect(() => readGraph(linking(link))).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(url) }),
    );
  });

  it('is refused in an extension of its schema, too', () => {
    const more = 'extend schema @link(url: "https://specs.apollo.dev/quarantine/v0.1", for: SECURITY)';
    expect(() => readGraph(`${graph.sdl}\n${more}`)).toThrow('quarantine/v0.1 (for: SECURITY)');
  });

  it('is refused when arguments come from a context', () => {
    const sdl = compose(
      `${federation('@key', '@context', '@fromContext')}
      type Query { rider: Rider }
      type Rider @key(fields: "id") @context(name: "rider") { id: ID! tongue: String! ride: Ride! }
      type Ride @key(fields: "id") { id: ID! fee(in: String @fromContext(field: "$rider { tongue }")): Int! }`,
      `${federation('@key')} type Ride @key(fields: "id") { id: ID! color: String! }`,
    );
    expect(() => readGraph(sdl)).toThrow('context');
    // Also where the link says nothing.
    const unsaid = sdl.replace(/@link\(url: "https:\/\/specs.apollo.dev\/context[^)]*\)/, '');
    expect(unsaid).not.toBe(sdl);
    expect(() => readGraph(unsaid)).toThrow('@fromContext');
  });

  it.each([
    '@link(url: "https://specs.apollo.dev/tag/v0.3")',
    '@link(url: "https://specs.example.com/color/v0.1")',
    '@link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY)',
    '@link(url: "https://specs.apollo.dev/join/v0.3/", for: EXECUTION)',
  ])('is read when it only says more, or what is known: %s', (link) => {
    expect(() => readGraph(linking(link))).not.toThrow();
  });
});

describe('names of what a supergraph links', () => {
  const features = (link: string) => readFeatures(parse(`schema ${link} { query: Query } type Query { a: Int }`));
  const cost = (more = '') => `@link(url: "https://specs.apollo.dev/cost/v0.1"${more})`;

  it.each([
    [cost(), 'cost', 'cost__listSize'],
    [cost(', as: "price"'), 'price', 'price__listSize'],
    [cost(', import: ["@cost", "@listSize"]'), 'cost', 'listSize'],
    [cost(', import: [{ name: "@cost", as: "@price" }, { name: "@listSize" }]'), 'price', 'listSize'],
    [cost(', as: "price", import: ["@listSize"]'), 'price', 'listSize'],
    ['@link(url: "https://specs.example.com/cost/v0.1")', undefined, undefined],
  ])('are found: %s', (link, ...names) => {
    expect([features(link).directive('cost'), features(link).directive('cost', 'listSize')]).toEqual(names);
  });

  it('are not shown to clients', () => {
    const { isInner } = features(cost(', as: "price", import: ["Weight"]'));
    expect(['price__Unit', 'Weight', 'join__Graph', 'Bike', 'Price', '@price__listSize'].map(isInner)).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });
});
