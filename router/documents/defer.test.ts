import { describe, expect, it } from '@jest/globals';
import { readGraph } from './graph.ts';
import { createDocuments } from './documents.ts';
import { documentLimits, routerSettings } from '../config.ts';
import { compose } from '../testing/federation.ts';

const graph = readGraph(
  compose({
    a: `type Query { book: Book } type Mutation { lend: Book } type Subscription { lent: Book } type Book @key(fields: "id") { id: ID! title: String }`,
  }),
);
const documents = createDocuments(graph, documentLimits(routerSettings.parse({})));

/** What is wrong, and what is deferred of what is right. */
function check(query: string) {
  const checked = documents.check({ query, variables: { later: true } }, { authorization: undefined });
  return 'errors' in checked ? checked.errors.map(({ message }) => message) : checked.operation;
}

describe('@defer', () => {
  it.each([
    ['on a field', '{ book @defer { id } }', /may not be used on FIELD/],
    ['on fields of a mutation', 'mutation { ... @defer { lend { id } } }', /cannot be used on fields of Mutation/],
    ['on a fragment of them', 'mutation { ...M @defer } fragment M on Mutation { lend { id } }', /fields of Mutation/],
    ['in a subscription', 'subscription { lent { ... @defer { id } } }', /cannot be used in a subscription/],
    [
      'in a fragment of one',
      'subscription { lent { ...B } } fragment B on Book { ... @defer(if: true) { id } }',
      /cannot be used in a subscription/,
    ],
    [
      'with a label by a variable',
      'query ($later: String) { book { ... @defer(label: $later) { id } } }',
      /must be a string, no variable/,
    ],
    [
      'with another’s label',
      '{ book { ... @defer(label: "x") { id } ... @defer(label: "x") { title } } }',
      /must be its own: "x"/,
    ],
    ['with a wrong argument', '{ book { ... @defer(when: true) { id } } }', /Unknown argument "when"/],
    [
      'too often, wherever its fragments are spread',
      `{ ${Array.from({ length: 21 }, (_each, at) => `b${at}: book { ...B }`).join(' ')} } fragment B on Book { ... @defer { id } }`,
      /has 21 fragments with @defer; at most 20 are allowed/,
    ],
  ])('is refused %s', (_where, query, message) => {
    const [first] = check(query) as string[];
    expect(first).toMatch(message);
  });

  it.each([
    ['in a mutation’s result', 'mutation { lend { ... @defer { id } } }'],
    ['off in a subscription', 'subscription { lent { ... @defer(if: false) { id } } }'],
    ['by a variable in a subscription', 'subscription ($later: Boolean!) { lent { ... @defer(if: $later) { id } } }'],
    ['with the same fragment twice', '{ a: book { ...B @defer } b: book { ...B @defer } } fragment B on Book { id }'],
  ])('is taken %s', (_where, query) => {
    expect(check(query)).toMatchObject({ query });
  });

  it('is in no document that is answered whole', () => {
    const { document, deferring } = check('{ book { ... @defer { id } } }') as never as Record<string, unknown>;
    expect(JSON.stringify(document)).not.toContain('defer');
    expect(JSON.stringify(deferring)).toContain('defer');
  });
});
