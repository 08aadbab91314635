import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, Kind, parse, print, separateOperations } from 'graphql';
import { documentLimits, routerSettings } from '../config.ts';
import { createDocuments } from './documents.ts';
import { readGraph } from './graph.ts';
import type { Variables } from './variables.ts';

const file = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const graph = readGraph(file('../../schema/supergraph.graphql'));
const limits = documentLimits(routerSettings.parse({}));
const documents = createDocuments(graph, limits);

/** The code of the first error, or OK. */
function codeOf(query: string, variables: Variables = {}, operationName?: string): string {
  const checked = documents.check({ query, variables, operationName });
  return 'errors' in checked ? String(checked.errors[0]?.extensions['code']) : 'OK';
}

const operations = new URL('../../schema/client/operations/', import.meta.url);
const clientDocument = parse(
  readdirSync(operations)
    .map((name) => file(`${operations.href}${name}`))
    .join('\n'),
);
const clients = Object.entries(separateOperations(clientDocument)).map(([name, document]) => ({
  name,
  query: print(document),
}));

describe('the documents of the product', () => {
  it.each(clients)('pass: $name', ({ query }) => {
    const checked = documents.check({ query });
    // Required variables are missing here; the document itself is fine.
    if ('errors' in checked) expect(String(checked.errors)).toMatch(/of required type .* was not provided/);
  });

  it('passes: introspection of GraphiQL and of code generators', () => {
    const options = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true };
    for (const oneOf of [true, false]) {
      for (const inputValueDeprecation of [true, false]) {
        expect(codeOf(getIntrospectionQuery({ ...options, oneOf, inputValueDeprecation }))).toBe('OK');
      }
    }
  });
});

describe('a document', () => {
  it.each([
    ['a list in a list … as a cursor', `{ bikes(after: ${'['.repeat(25)}${']'.repeat(25)}) { totalCount } }`],
    ['a list in a list as a cursor', '{ bikes(after: [["x"]]) { totalCount } }'],
    ['a number as a cursor', '{ bikes(after: 5) { totalCount } }'],
    ['an object as a cursor', '{ bikes(after: {}) { totalCount } }'],
    ['a list as a Long', 'mutation { buyPoints(input: { price: [[1]] }) { refusal { code } } }'],
    [
      'an object as a DateTime',
      'mutation { registerBike(input: { color: "a", registeredDate: {} }) { refusal { code } } }',
    ],
  ])('with %s is refused in validation', (_what, query) => {
    expect(codeOf(query)).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('is refused by what it expands to, in no time', () => {
    const levels = Array.from({ length: 50 }, (_, n) => `fragment f${n} on Bike { ${`...f${n + 1} `.repeat(5)} }`);
    const query = `{ bike(bikeId: 1) { ...f0 } } ${levels.join(' ')} fragment f50 on Bike { color }`;
    const startedAt = performance.now();
    expect(codeOf(query)).toBe('QUERY_TOO_COMPLEX');
    expect(performance.now() - startedAt).toBeLessThan(50);
  });

  it('is refused when it is long', () => {
    expect(codeOf(`{ __typename } #${' '.repeat(40_000)}`)).toBe('QUERY_TOO_COMPLEX');
  });

  it('has no operation of an empty name: that is none', () => {
    expect(codeOf('query a { __typename }', {}, '')).toBe('OK');
    expect(codeOf('query a { __typename } query b { __typename }', {}, '')).toBe('OPERATION_RESOLUTION_FAILURE');
  });
});

it('counts definitions of one kind', () => {
  expect(clientDocument.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)).toHaveLength(
    clients.length,
  );
});
