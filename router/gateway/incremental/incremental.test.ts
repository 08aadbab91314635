import { describe, expect, it, jest } from '@jest/globals';
import { createDice } from '../../../cli/demo/dice.ts';
import { deferredAtRandom, differenceInParts } from '../../testing/deferring.ts';
import type { Conformance } from '../../testing/conformance/conformance.ts';
import { failures } from '../../testing/conformance/failures.ts';
import { keys } from '../../testing/conformance/keys.ts';
import { names } from '../../testing/conformance/names.ts';
import { overrides, provides } from '../../testing/conformance/provides.ts';
import { requires } from '../../testing/conformance/requires.ts';
import { types } from '../../testing/conformance/types.ts';
import { startFederation, type EngineName } from '../../testing/federation.ts';
import { to, type Definition } from '../../testing/worlds.ts';
import { textOfPart } from './formats.ts';

jest.setTimeout(120_000);

/** How often the mutation was made. */
let notes = 0;

const library: Definition = {
  subgraphs: {
    a: `type Query { book: Book books: [Book] lost: Book word: String other: String } type Mutation { lend: Book note: Note } type Note { text: String more: String }
      extend type Query { provided: Book @provides(fields: "critic") nobody: Book loose: [Loose] }
      type Loose @key(fields: "id") { id: ID name: String note: String fails: String }
      extend type Query { media: [Media] } union Media = Book | Film
      type Film @key(fields: "id") { id: Int! title: String length: Int author: Author }
      extend type Author { say(n: Int): Int }
      type Book @key(fields: "id") { id: ID! title: String pages: Int author: Author critic: String @external } type Author @key(fields: "id") { id: ID! name: String bio: String }`,
    b: `type Book @key(fields: "id") { id: ID! stars: Int! critic: String @shareable } type Author @key(fields: "id") { id: ID! age: Int }`,
  },
  rows: {
    b1: { __typename: 'Book', id: '1', title: 'one', pages: 10, stars: 5, author: to('a1') },
    b2: { __typename: 'Book', id: '2', title: 'two', pages: 20, stars: new Error('no stars'), author: null },
    f1: { __typename: 'Film', id: 1, title: 'film', length: 90, author: to('a1') },
    a1: { __typename: 'Author', id: 'a1', name: 'kim', bio: 'long', age: 3 },
  },
  computed: {
    Query: {
      book: () => to('b1'),
      books: () => [to('b1'), null, to('b2')],
      lost: () => ({ __typename: 'Book', id: 'lost', title: 'lost', pages: 1 }),
      provided: () => to('b1'),
      nobody: () => null,
      loose: () => [{ __typename: 'Loose', id: null, name: 'no key', note: 'x', fails: new Error('it fails') }],
      media: () => [to('b1'), to('f1')],
      word: () => 'word',
      other: () => 'other',
    },
    Mutation: {
      lend: () => to('b1'),
      note: () => ({ __typename: 'Note', text: `note ${(notes += 1)}`, more: 'more' }),
    },
    Author: { say: (_row, { n }) => n },
    // Others are quicker.
    Book: { critic: () => new Promise((resolve) => setTimeout(resolve, 20, 'x')) },
  },
};
const federation = startFederation(library);

/** The parts of an answer, and which subgraph was asked for what. */
async function inParts(query: string, engine: EngineName = 'own') {
  const parts: Record<string, unknown>[] = [];
  const { asked } = await federation.ask(engine, query, {}, (part) =>
    parts.push(JSON.parse(textOfPart(part, 'draft')) as Record<string, unknown>),
  );
  const texts = asked.map(({ subgraph, query: text }) => `${subgraph}: ${text.replace(/\s+/g, ' ').trim()}`);
  return { parts, asked: texts };
}

describe('what is deferred', () => {
  it.each<EngineName>(['own', 'apollo'])(
    'is asked for after the first part, of another subgraph (%s)',
    async (engine) => {
      const { parts, asked } = await inParts('{ book { title ... @defer { stars } } }', engine);
      expect(parts).toEqual([
        { data: { book: { title: 'one' } }, pending: [{ id: '0', path: ['book'] }], hasNext: true },
        { incremental: [{ id: '0', data: { stars: 5 } }], completed: [{ id: '0' }], hasNext: false },
      ]);
      expect(asked).toHaveLength(2);
    },
  );

  it('is asked for by its key, of the same subgraph', async () => {
    const { asked } = await inParts('{ book { title ... @defer { pages } } }');
    expect(asked).toEqual([
      'a: { book { title ... on Book { __typename id } } }',
      'a: query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Book { pages } } }',
    ]);
  });

  it.each([
    ['what it is in may have no key', '{ loose { name ... @defer { note } } }'],
    ['what it is in is provided there', '{ provided { title ... @defer { pages critic } } }'],
    ['it is a key', '{ book { title ... @defer { id } } }'],
  ])('comes with the rest where %s', async (_where, query) => {
    const { parts, asked } = await inParts(query);
    expect(asked).toHaveLength(1);
    expect(parts).toHaveLength(2);
    expect(JSON.stringify(parts)).not.toContain('null');
  });

  it('brings its errors along, though they came with the rest', async () => {
    const { parts } = await inParts('{ loose { name ... @defer { fails } } }');
    expect(parts[0]).not.toHaveProperty('errors');
    expect(parts[1]).toMatchObject({ incremental: [{ data: { fails: null }, errors: [{ message: 'it fails' }] }] });
  });

  it('is told apart on each type of an interface or union', async () => {
    const say = (n: number) => `author { name ... @defer { said: say(n: ${n}) } }`;
    const { parts } = await inParts(`{ media { ... on Book { ${say(1)} } ... on Film { ${say(2)} } } }`);
    const given = parts.flatMap(({ incremental = [] }) => incremental as { data: unknown }[]);
    expect(given.map(({ data }) => data)).toEqual([{ said: 1 }, { said: 2 }]);
  });

  it('comes with the rest where types have keys of one name, and not of one type', async () => {
    const { parts } = await inParts(
      '{ media { ... on Book { title ... @defer { pages } } ... on Film { title ... @defer { length } } } }',
    );
    expect(parts.flatMap(({ incremental = [] }) => incremental)).toHaveLength(2);
    expect(JSON.stringify(parts)).not.toContain('errors');
  });

  it('knows of what type it is, though nobody asked at once', async () => {
    const { parts } = await inParts('{ media { ... @defer { __typename } } }');
    expect(parts[0]).toMatchObject({ data: { media: [{}, {}] } });
  });

  it('waits for what it is within, however quick it is', async () => {
    const { parts } = await inParts(
      '{ book { title ... @defer(label: "out") { critic author { name } ... @defer(label: "in") { pages author { bio } } } } }',
    );
    expect(parts[0]).toMatchObject({ pending: [{ label: 'out' }] });
    expect(parts[1]).toMatchObject({ pending: [{ label: 'in' }], completed: [{ id: '0' }, { id: '1' }] });
  });

  it('is a request of its own at the root', async () => {
    const { asked } = await inParts('{ word ... @defer { other } }');
    expect(asked).toEqual(['a: { word }', 'a: { other }']);
  });

  it('comes once when two fragments ask for it, with the first of them', async () => {
    const query = '{ book { ... @defer(label: "A") { pages stars } ... @defer(label: "B") { pages } } }';
    const { parts, asked } = await inParts(query);
    expect(parts.flatMap(({ incremental = [] }) => incremental)).toHaveLength(2);
    expect(parts.flatMap(({ completed = [] }) => completed)).toHaveLength(2);
    expect(asked.filter((text) => text.includes('pages'))).toHaveLength(1);
  });

  it('does not come again when it came at once', async () => {
    const { parts } = await inParts('{ book { title stars ... @defer { title } ... @defer { stars } } }');
    expect(parts).toEqual([]);
  });

  it('comes after what it is within, which says that it is pending', async () => {
    const query = '{ book { title ... @defer(label: "out") { author { name ... @defer(label: "in") { age bio } } } } }';
    const { parts } = await inParts(query);
    expect(parts).toMatchObject([
      { data: { book: { title: 'one' } }, pending: [{ label: 'out' }] },
      { incremental: [{ data: { author: { name: 'kim' } } }], pending: [{ label: 'in', path: ['book', 'author'] }] },
      { incremental: [{ id: '1', data: { age: 3, bio: 'long' } }], hasNext: false },
    ]);
  });

  it('fails where it may not be null, for that object only', async () => {
    const { parts } = await inParts('{ books { title ... @defer { stars } } }');
    expect(parts[0]).toMatchObject({ data: { books: [{ title: 'one' }, null, { title: 'two' }] } });
    expect(parts[1]).toMatchObject({
      incremental: [{ id: '0', data: { stars: 5 } }],
      completed: [{ id: '0' }, { id: '1', errors: [{ message: 'no stars', path: ['books', 2, 'stars'] }] }],
      hasNext: false,
    });
  });

  it('is an error when its object is not found again', async () => {
    const { parts } = await inParts('{ lost { title ... @defer { pages } } }');
    expect(parts[1]).toMatchObject({
      incremental: [{ data: { pages: null }, errors: [{ path: ['lost', 'pages'] }] }],
    });
  });

  it('is read once a mutation is done', async () => {
    const { asked } = await inParts('mutation { lend { title ... @defer { stars pages } } again: lend { title } }');
    const types = asked.map((text) => /^\w: (mutation|query)/.exec(text)?.[1]);
    expect(types).toEqual(['mutation', 'mutation', 'query', 'query']);
  });

  it('is of one mutation, though nothing but the mutation has it', async () => {
    const before = notes;
    const { asked } = await inParts('mutation { note { text ... @defer { more } } }');
    expect(asked).toHaveLength(1);
    expect(notes).toBe(before + 1);
  });

  it('is nothing when its object is null', async () => {
    const { parts } = await inParts('{ nobody { title ... @defer { stars } } }');
    expect(parts).toEqual([]);
  });
});

/** Features whose answers depend on when, or from where, they are read; a field that no merged object may have. */
const others = new Set([
  'mutations, one after the other',
  'an entity that others do not know',
  'any name that a client may give',
]);

it('the parts of operations on every feature of federation are together what a monolith answers', async () => {
  const wrong: string[] = [];
  const rooms = { keys, requires, provides, overrides, types, names, failures };
  const features: [string, Conformance][] = Object.values(rooms).flatMap((room) => Object.entries<Conformance>(room));
  for (const [feature, definition] of features.filter(([name]) => !others.has(name))) {
    const own = startFederation(definition, { labels: definition.labels });
    for (const [at, each] of definition.cases.entries()) {
      const [query, variables] = typeof each === 'string' ? ([each, {}] as const) : each;
      const deferred = deferredAtRandom(query, createDice(at));
      const { differs } = await differenceInParts(own, 'own', deferred, variables);
      if (differs !== undefined) wrong.push(`${feature}: ${differs}`);
    }
  }
  expect(wrong).toEqual([]);
});
