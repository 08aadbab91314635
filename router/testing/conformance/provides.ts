import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

const rows = {
  p1: { __typename: 'Product', id: '1', name: 'one', price: 3, maker: to('u1'), size: { h: 2, w: 3 } },
  p2: { __typename: 'Product', id: '2', name: 'two', price: 5, maker: null, size: null },
  u1: { __typename: 'User', id: 'u1', nick: 'kim', age: 30, best: to('p2') },
  c1: { __typename: 'Coat', id: 'c1', name: 'coat', warm: 3 },
  h1: { __typename: 'Hat', id: 'h1', name: 'hat', wide: 4 },
};

export const provides: Record<string, Conformance> = {
  'provided fields': {
    subgraphs: {
      a: `type Query { products: [Product] @provides(fields: "name maker { nick }") all: [Product] } type Product @key(fields: "id") { id: ID! name: String @external maker: User @external price: Int } type User @key(fields: "id") { id: ID! nick: String @external }`,
      b: `type Product @key(fields: "id") { id: ID! name: String @shareable maker: User @shareable } type User @key(fields: "id") { id: ID! nick: String @shareable age: Int best: Product }`,
    },
    rows,
    computed: { Query: { products: () => [to('p1'), to('p2')], all: () => [to('p1'), to('p2')] } },
    cases: [
      '{ products { name maker { nick } } }',
      '{ products { name price maker { nick age } } }',
      '{ products { maker { nick best { name } } } }',
      '{ products { name } all { name price maker { nick } } }',
      '{ products { id: name name: price maker { id: nick nick: age } } }',
    ],
  },
  'provided objects without a key': {
    subgraphs: {
      a: `type Query { products: [Product] @provides(fields: "size { h }") } type Product @key(fields: "id") { id: ID! size: Size @external } type Size { h: Int @external }`,
      b: `type Product @key(fields: "id") { id: ID! size: Size @shareable } type Size { h: Int @shareable w: Int }`,
    },
    rows,
    computed: { Query: { products: () => [to('p1'), to('p2')] } },
    cases: ['{ products { size { h } } }', '{ products { size { h w } } }', '{ products { size { h: w w: h } id } }'],
  },
  'provided by an interface or a union': {
    subgraphs: {
      a: `type Query { wear: [Wear] @provides(fields: "... on Coat { name }") things: [Thing] @provides(fields: "... on Coat { name }") } interface Wear { id: ID! } union Thing = Coat | Hat
        type Coat implements Wear @key(fields: "id") { id: ID! name: String @external } type Hat implements Wear @key(fields: "id") { id: ID! }`,
      b: `type Coat @key(fields: "id") { id: ID! name: String @shareable warm: Int } type Hat @key(fields: "id") { id: ID! name: String wide: Int }`,
    },
    rows,
    computed: { Query: { wear: () => [to('c1'), to('h1')], things: () => [to('h1'), to('c1')] } },
    cases: [
      '{ wear { id ... on Coat { name } ... on Hat { name } } }',
      '{ things { ... on Coat { name warm } ... on Hat { name wide } } }',
      '{ wear { __typename ... on Coat { id: name } ... on Hat { id: name } } }',
    ],
  },
};

const moved = (from: string): Conformance => ({
  subgraphs: {
    a: `type Query { products: [Product] } type Product @key(fields: "id") { id: ID! name: String price: Int }`,
    b: `type Product @key(fields: "id") { id: ID! price: Int @override(from: "a"${from}) stock: Int @shareable }`,
  },
  rows,
  computed: { Query: { products: () => [to('p1'), to('p2')] } },
  cases: ['{ products { price } }', '{ products { name price stock } }', '{ products { price: name name: price } }'],
});

export const overrides: Record<string, Conformance> = {
  'a field that has moved': moved(''),
  'a field that moves by a label that is off': moved(', label: "moving"'),
  'a field that moves by a label that is on': { ...moved(', label: "moving"'), labels: ['moving'] },
  'a field that moves for nobody': moved(', label: "percent(0)"'),
  'a field that moves for some': moved(', label: "percent(50)"'),
  'a field that moves for everybody': moved(', label: "percent(100)"'),
  'a required field that has moved': {
    subgraphs: {
      a: `type Query { products: [Product] } type Product @key(fields: "id") { id: ID! price: Int name: String }`,
      b: `type Product @key(fields: "id") { id: ID! price: Int @override(from: "a") }`,
      c: `type Product @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }`,
    },
    rows,
    computed: { Query: { products: () => [to('p1'), to('p2')] }, Product: { tax: ({ price }) => Number(price) * 10 } },
    cases: ['{ products { tax } }', '{ products { price: tax tax: price name } }'],
  },
};
