import { describe, expect, it } from '@jest/globals';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { readGraph } from '../documents/graph.ts';
import { placeGiven, readResumables } from './resumable.ts';

const link = (imported: string) => `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@composeDirective", "@inaccessible"])
    @link(url: "https://specs.example/resumable/v1.0", import: [${imported}])`;
const head = `${link('"@resumable"')} @composeDirective(name: "@resumable")
  directive @resumable(after: String! = "after", cursor: String! = "cursor") on FIELD_DEFINITION
  scalar Place
  enum Side { LEFT RIGHT }
  input Where { place: Place }
`;

/** What a supergraph declares whose subgraph `feed` is given; `other` owns some of `Update` too. */
function declared(sdl: string, other = 'type Query { y: Int }') {
  const services = [
    { name: 'feed', typeDefs: parse(`type Query { x: Int } ${sdl}`) },
    { name: 'other', typeDefs: parse(`${link('')} ${other}`) },
  ].map((each) => ({ ...each, url: 'http://127.0.0.1/' }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.join('\n'));
  return readResumables(readGraph(supergraphSdl));
}

describe('a subscription that is declared resumable', () => {
  it('says which argument and which field', () => {
    const resumables = declared(`${head}
      type Subscription { updated(from: Place = 7): Update @resumable(after: "from", cursor: "at")  plain(after: Place): Update }
      type Update { at: Place!  cursor: Place }`);
    expect([...resumables]).toMatchObject([
      ['updated', { after: { name: 'from', type: { name: 'Place' }, fallback: 7 }, cursor: 'at' }],
    ]);
  });

  it.each([
    ['of the standard types', 'Int', 'Int'],
    ['that may be null', 'ID', 'ID'],
    ['with an argument that is not needed', 'String', 'String!', '(as: String)'],
  ])('has a cursor %s', (_what, after, cursor, args = '') => {
    const resumables = declared(`${head}
      type Subscription { updated(after: ${after}): Update! @resumable } type Update { cursor${args}: ${cursor} }`);
    expect([...resumables.keys()]).toEqual(['updated']);
  });

  it('may be under another name, with a cursor that clients do not see, of an interface', () => {
    const resumables = declared(`${link('{ name: "@resumable", as: "@live" }')} @composeDirective(name: "@live")
      directive @live(after: String! = "after", cursor: String! = "cursor") on FIELD_DEFINITION
      type Subscription { updated(after: ID): Update @live }
      interface Update { cursor: ID @inaccessible  n: Int } type Some implements Update { cursor: ID @inaccessible  n: Int }`);
    expect([...resumables.keys()]).toEqual(['updated']);
  });

  it.each([
    ['updated: Update', 'cursor: Place', 'it has no argument "after".'],
    ['updated(after: Place!): Update', 'cursor: Place', 'its argument "after" must be a nullable scalar, and no list.'],
    [
      'updated(after: [Place]): Update',
      'cursor: Place',
      'its argument "after" must be a nullable scalar, and no list.',
    ],
    ['updated(after: Where): Update', 'cursor: Place', 'its argument "after" must be a nullable scalar, and no list.'],
    ['updated(after: Side): Update', 'cursor: Side', 'its argument "after" must be a nullable scalar, and no list.'],
    ['updated(after: Place): [Update]', 'cursor: Place', 'its events must be objects.'],
    ['updated(after: Place): Place', 'cursor: Place', 'its events must be objects.'],
    ['updated(after: Place): Update', 'at: Place', 'Update has no field "cursor".'],
    ['updated(after: Place): Update', 'cursor: [Place]', 'Update.cursor must be of the type of "after", Place.'],
    ['updated(after: Place): Update', 'cursor: Int', 'Update.cursor must be of the type of "after", Place.'],
    ['updated(after: Place): Update', 'cursor(of: Int!): Place', 'Update.cursor must need no argument.'],
  ])('is refused when the supergraph is read: %s, with %s', (field, cursor, because) => {
    const read = () => declared(`${head} type Subscription { ${field} @resumable } type Update { n: Int  ${cursor} }`);
    expect(read).toThrow(`Subscription.updated cannot be @resumable: ${because}`);
  });

  it('is refused when another subgraph has the cursor', () => {
    const read = () =>
      declared(
        `${head} type Subscription { updated(after: ID): Update @resumable } type Update @key(fields: "n") { n: Int }`,
        'type Query { y: Int } type Update @key(fields: "n") { n: Int  cursor: ID }',
      );
    expect(read).toThrow('the subgraph that sends its events has no Update.cursor.');
  });
});

describe('a cursor that a client gives back', () => {
  const [resumable] = declared(`${head}
    type Subscription { updated(after: Int): Update @resumable } type Update { cursor: Int }`).values();

  it('is taken as it is', () => {
    expect(placeGiven(resumable, 7)).toBe('7');
  });

  it.each([['7'], [0.5], [{}], [[]], [true]])('is refused when it is none: %j', (cursor) => {
    expect(() => placeGiven(resumable, cursor)).toThrow('The cursor to go on after is none of this subscription.');
  });

  it('is refused where there are none', () => {
    expect(() => placeGiven(undefined, 7)).toThrow('it cannot go on after one.');
  });
});
