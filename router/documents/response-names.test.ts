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
      b: 'type Product @key(fields: "id") { id: ID! price: Int }',
    },
    rows: { p: { __typename: 'Product', id: '1', name: 'one', price: 3, note: 'n' } },
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
