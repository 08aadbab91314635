import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

const rows = {
  p1: {
    __typename: 'Product',
    id: '1',
    name: 'one',
    price: 3,
    strict: 1,
    tags: [['a', null], null, ['b']],
    owner: to('u1'),
    peers: [to('p2'), null, to('p3')],
  },
  p2: {
    __typename: 'Product',
    id: '2',
    name: new Error('no name'),
    price: new Error('no price'),
    strict: new Error('no strict'),
    tags: [new Error('no tags')],
    owner: to('u2'),
    peers: [],
  },
  p3: { __typename: 'Product', id: '3', name: null, price: null, strict: null, tags: null, owner: null, peers: null },
  u1: {
    __typename: 'User',
    id: 'u1',
    nick: 'kim',
    must: 'x',
    grid: [[to('p1'), to('p2')], [], null, [null, to('p3')]],
  },
  u2: { __typename: 'User', id: 'u2', nick: new Error('no nick'), must: null, grid: [[to('p2')]] },
};

export const failures: Record<string, Conformance> = {
  'errors, and nulls where none may be': {
    subgraphs: {
      a: `type Query { products: [Product] strictProducts: [Product!] one: Product none: Product! fails: Product grid: [[Product!]] deep: [[[Product]!]!]! } type Product @key(fields: "id") { id: ID! name: String owner: User }
        type User @key(fields: "id") { id: ID! }`,
      b: `type Product @key(fields: "id") { id: ID! price: Int strict: Int! tags: [[String!]!] peers: [Product!] } type User @key(fields: "id") { id: ID! nick: String must: String! grid: [[Product]] }`,
      c: `type Product @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") duty: Int! @requires(fields: "price") }`,
    },
    rows,
    computed: {
      Query: {
        products: () => [to('p1'), to('p2'), null, to('p3')],
        strictProducts: () => [to('p1'), to('p2')],
        one: () => to('p1'),
        none: () => null,
        fails: () => new Error('it fails'),
        grid: () => [[to('p1'), to('p2')], null, [], [to('p3')]],
        deep: () => [
          [
            [to('p1'), null],
            [to('p2'), to('p3')],
          ],
          [],
        ],
      },
      Product: {
        tax: ({ price }) => (price === 3 ? 30 : null),
        duty: ({ price }) => (price === 3 ? 3 : null),
      },
    },
    cases: [
      '{ products { name } }',
      '{ products { price } }',
      '{ products { name price strict } }',
      '{ strictProducts { strict } one { id } }',
      '{ strictProducts { price } }',
      '{ products { tags } }',
      '{ products { owner { nick must } } }',
      '{ products { owner { id } o: owner { must } } }',
      '{ none { name } one { name } }',
      '{ fails { name price } one { price } }',
      '{ none { strict } }',
      '{ grid { name price } }',
      '{ grid { strict } }',
      '{ deep { price owner { nick } } }',
      '{ deep { strict } }',
      '{ products { owner { grid { price strict } } } }',
      '{ products { peers { price peers { name price } } } }',
      '{ products { peers { strict } } }',
      '{ products { price: name name: price id: strict } }',
      '{ products { a: price b: price c: strict d: name } }',
      '{ products { duty price } }',
      '{ one { ...P } products { ...P } } fragment P on Product { price owner { nick } }',
      ['query ($no: Boolean!) { products { strict @skip(if: $no) price @include(if: $no) } }', { no: true }],
      '{ products { toString: price constructor: name } }',
    ],
  },
};
