import { beforeAll, expect, it } from '@jest/globals';
import { startFederation } from '../testing/federation.ts';
import { to } from '../testing/worlds.ts';

/** How often the mutation was carried out. */
let added = 0;
let federation: ReturnType<typeof startFederation>;
beforeAll(() => {
  federation = startFederation({
    subgraphs: {
      a: `input Size { w: Int h: Int in: Size all: [Size!] }
        type Query { product(size: Size): Product }
        type Mutation { add(size: Size, name: String): Product }
        type Product @key(fields: "id") { id: ID! name: String note(size: Size): String }`,
      b: 'type Product @key(fields: "id") { id: ID! price: Int constructor: String valueOf: Int toString: String }',
    },
    rows: {
      p: {
        __typename: 'Product',
        id: '1',
        name: 'one',
        price: 3,
        note: 'n',
        constructor: null,
        valueOf: null,
        toString: null,
      },
    },
    computed: {
      Query: { product: () => to('p') },
      Mutation: {
        add() {
          added += 1;
          return to('p');
        },
      },
    },
  });
});

it.each([
  ['(size: {w: 1, h: 2})', '(size: {h: 2, w: 1})'],
  ['(size: {w: 1, in: {w: 3, h: 4}})', '(size: {in: {h: 4, w: 3}, w: 1})'],
  ['(size: {all: [{w: 1, h: 2}]}, name: "a")', '(name: "a", size: {all: [{h: 2, w: 1}]})'],
])('a field with %s and with %s is one field, done once', async (one, other) => {
  added = 0;
  const { data } = await federation.ask('own', `mutation { add${one} { id } add${other} { name price } }`, {});
  expect(data).toEqual({ add: { id: '1', name: 'one', price: 3 } });
  expect(added).toBe(1);
});

it.each([
  ['a key', '{ __type(name: "Product") { id: name } }', { __type: { id: 'Product' } }],
  [
    'two things',
    '{ a: __type(name: "Size") { fields: inputFields { name } } b: __type(name: "Product") { fields { id: name } } }',
    {
      a: { fields: ['w', 'h', 'in', 'all'].map((name) => ({ name })) },
      b: { fields: ['id', 'name', 'note', 'price', 'constructor', 'valueOf', 'toString'].map((id) => ({ id })) },
    },
  ],
  [
    'a key, in a fragment',
    '{ __schema { ...S } } fragment S on __Schema { queryType { id: name } }',
    { __schema: { queryType: { id: 'Query' } } },
  ],
])('introspection may call something by the name of %s', async (_what, query, data) => {
  expect((await federation.ask('own', query, {})).data).toEqual(data);
});

it('a field may have a name that objects have, and be null', async () => {
  const { data, errors } = await federation.ask('own', '{ product { name constructor valueOf toString } }', {});
  expect([data, errors]).toEqual([{ product: { name: 'one', constructor: null, valueOf: null, toString: null } }, []]);
});
