import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

const times = (...values: unknown[]) => values.reduce<number>((product, value) => product * Number(value), 1);
const rows = {
  p1: {
    __typename: 'Product',
    id: '1',
    name: 'one',
    price: 3,
    weight: 2,
    size: { h: 2, w: 3, unit: 'cm' },
    owner: to('u1'),
  },
  p2: { __typename: 'Product', id: '2', name: 'two', price: 5, weight: null, size: null, owner: to('u2') },
  u1: { __typename: 'User', id: 'u1', nick: 'kim', rate: 10 },
  u2: { __typename: 'User', id: 'u2', nick: 'lee', rate: 20 },
};
const products = { products: () => [to('p1'), to('p2')], product: () => to('p1') };

export const requires: Record<string, Conformance> = {
  'required fields': {
    subgraphs: {
      a: `type Query { products: [Product] product: Product } type Product @key(fields: "id") { id: ID! name: String weight: Int price: Int }`,
      b: `type Product @key(fields: "id") { id: ID! weight: Int @external price: Int @external
        shipping(per: Int = 1): Int @requires(fields: "weight price") cheap: Boolean @requires(fields: "price") }`,
    },
    rows,
    computed: {
      Query: products,
      Product: {
        shipping: ({ weight, price }, { per }) => times(weight ?? 0, price, per),
        cheap: ({ price }) => Number(price) < 4,
      },
    },
    cases: [
      '{ products { shipping } }',
      '{ products { shipping cheap weight price } }',
      '{ products { a: shipping(per: 2) b: shipping(per: 3) shipping } }',
      '{ products { weight: price price: weight shipping } }',
      '{ products { weight: name shipping } }',
      '{ products { weight: shipping price: cheap } }',
      ['query ($per: Int = 4) { products { shipping(per: $per) } }', {}],
      ['query ($per: Int) { products { shipping(per: $per) } }', { per: 9 }],
      ['query ($no: Boolean!) { products { shipping @skip(if: $no) weight @include(if: $no) } }', { no: true }],
      ['query ($no: Boolean!) { products { shipping @skip(if: $no) weight @include(if: $no) } }', { no: false }],
      [
        'query ($yes: Boolean = true) { product { ... @include(if: $yes) { cheap } ... on Product @skip(if: $yes) { shipping } } }',
        {},
      ],
      [
        'query ($yes: Boolean = true) { product { ... @include(if: $yes) { cheap } ... on Product @skip(if: $yes) { shipping } } }',
        { yes: false },
      ],
    ],
  },
  'a chain over three subgraphs': {
    subgraphs: {
      a: `type Query { products: [Product] } type Product @key(fields: "id") { id: ID! base: Int! }`,
      b: `type Product @key(fields: "id") { id: ID! base: Int! @external second: Int! @requires(fields: "base") }`,
      c: `type Product @key(fields: "id") { id: ID! second: Int! @external third: Int! @requires(fields: "second") }`,
      d: `type Product @key(fields: "id") { id: ID! third: Int! @external base: Int! @external fourth: Int! @requires(fields: "third base") }`,
    },
    rows: { p1: { __typename: 'Product', id: '1', base: 1 }, p2: { __typename: 'Product', id: '2', base: 5 } },
    computed: {
      Query: { products: () => [to('p1'), to('p2')] },
      Product: {
        second: ({ base, second }) => second ?? Number(base) + 1,
        third: ({ second, base, third }) => third ?? Number(second ?? Number(base) + 1) * 10,
        fourth: ({ third, base }) => Number(third ?? (Number(base) + 1) * 10) + Number(base),
      },
    },
    cases: [
      '{ products { fourth } }',
      '{ products { third fourth } }',
      '{ products { second: base base: third third: second fourth } }',
      '{ products { id: fourth fourth: id } }',
      '{ products { fourth third second base id } }',
    ],
  },
  'fields of objects and of other entities': {
    subgraphs: {
      a: `type Query { products: [Product] } type Product @key(fields: "id") { id: ID! size: Size owner: User } type Size { h: Int w: Int unit: String } type User @key(fields: "id") { id: ID! }`,
      b: `type Product @key(fields: "id") { id: ID! size: Size @external owner: User @external area: Int @requires(fields: "size { h w }") fee: Int @requires(fields: "owner { rate }") both: String @requires(fields: "size { unit } owner { id rate }") }
        type Size { h: Int @external w: Int @external unit: String @external } type User @key(fields: "id") { id: ID! rate: Int @external }`,
      c: `type User @key(fields: "id") { id: ID! rate: Int nick: String }`,
    },
    rows,
    computed: {
      Query: products,
      Product: {
        area: ({ size }) => size && times((size as { h: number }).h, (size as { w: number }).w),
        fee: ({ owner }) => followed(owner).rate * 2,
        both: ({ size, owner }) =>
          `${(size as { unit?: string } | null)?.unit ?? 'none'} ${followed(owner).id} ${followed(owner).rate}`,
      },
    },
    cases: [
      '{ products { area } }',
      '{ products { fee } }',
      '{ products { area fee both size { unit } owner { nick } } }',
      '{ products { size { h: w w: unit } area } }',
      '{ products { owner { rate: nick id: rate } fee both } }',
      '{ products { size: area owner: fee both } }',
      '{ products { s: size { h } area size { unit } } }',
    ],
  },
  'a field with other arguments than the client’s': {
    subgraphs: {
      a: `type Query { products: [Product] } type Product @key(fields: "id") { id: ID! price(unit: String = "won", round: Boolean): Int }`,
      b: `type Product @key(fields: "id") { id: ID! price(unit: String = "won", round: Boolean): Int @external
        inDollars: String @requires(fields: "price(unit: \\"dollar\\")") inEuro: String @requires(fields: "price(unit: \\"euro\\", round: true)") }`,
    },
    rows: { p1: { __typename: 'Product', id: '1', won: 1000 }, p2: { __typename: 'Product', id: '2', won: 2000 } },
    computed: {
      Query: products,
      Product: {
        price: ({ won }, { unit }) => Number(won) / (unit === 'won' ? 1 : unit === 'dollar' ? 100 : 200),
        // The monolith has no required field: it computes it again.
        inDollars: ({ won, price }) => `$${Number(price ?? Number(won) / 100)}`,
        inEuro: ({ won, price }) => `€${Number(price ?? Number(won) / 200)}`,
      },
    },
    cases: [
      '{ products { inDollars } }',
      '{ products { price inDollars } }',
      '{ products { price(unit: "won") inDollars } }',
      '{ products { price: inDollars inDollars: price } }',
      '{ products { price(unit: "euro", round: false) inDollars id } }',
      '{ products { inDollars inEuro } }',
      '{ products { price inDollars inEuro other: price(unit: "dollar") } }',
      ['query ($unit: String) { products { price(unit: $unit) inDollars } }', { unit: 'euro' }],
      ['query ($unit: String) { products { price(unit: $unit) inEuro inDollars } }', {}],
    ],
    apollo: { wrong: [5, 6, 8], because: 'it asks for one field with two sets of arguments under one name' },
  },
  'fields behind fragments': {
    subgraphs: {
      a: `type Query { orders: [Order] } type Order @key(fields: "id") { id: ID! item: Item parts: [Part!]! } union Item = Bike | Lock interface Part { name: String! }
        type Bike implements Part @shareable { name: String! gears: Int! } type Lock implements Part @shareable { name: String! code: String! }`,
      b: `type Order @key(fields: "id") { id: ID! item: Item @external parts: [Part!]! @external
        label: String @requires(fields: "item { ... on Bike { gears } ... on Lock { code } }") list: String @requires(fields: "parts { name ... on Bike { gears } }") }
        union Item = Bike | Lock interface Part { name: String! } type Bike implements Part { name: String! @external gears: Int! @external } type Lock implements Part { name: String! @external code: String! @external }`,
    },
    rows: {
      o1: { __typename: 'Order', id: '1', item: to('bike'), parts: [to('bike'), to('lock')] },
      o2: { __typename: 'Order', id: '2', item: to('lock'), parts: [] },
      o3: { __typename: 'Order', id: '3', item: null, parts: [to('lock')] },
      bike: { __typename: 'Bike', name: 'b', gears: 7 },
      lock: { __typename: 'Lock', name: 'l', code: '0000' },
    },
    computed: {
      Query: { orders: () => [to('o1'), to('o2'), to('o3')] },
      Order: {
        label: ({ item }) => JSON.stringify([seen(item)['gears'] ?? null, seen(item)['code'] ?? null]),
        list: ({ parts }) =>
          JSON.stringify((parts as unknown[]).map((part) => [seen(part)['name'], seen(part)['gears'] ?? null])),
      },
    },
    cases: [
      '{ orders { label } }',
      '{ orders { list } }',
      '{ orders { label list item { __typename ... on Bike { name } } parts { name } } }',
      '{ orders { item: label parts: list } }',
      '{ orders { parts { gears: name ... on Lock { code: name } } list label } }',
      '{ orders { item { ... on Bike { gears: name } ... on Lock { code name } } label } }',
    ],
  },
};

/** What the subgraph was told, or in the monolith the row that is pointed at. */
const seen = (value: unknown): Record<string, unknown> => {
  const name = (value as { name?: string } | null)?.name;
  const row = name === 'bike' ? { name: 'b', gears: 7 } : name === 'lock' ? { name: 'l', code: '0000' } : undefined;
  return row ?? (value as Record<string, unknown> | null) ?? {};
};

const followed = (value: unknown): { id: string; rate: number } => {
  const name = (value as { name?: string }).name;
  return (name === undefined ? value : rows[name as 'u1']) as { id: string; rate: number };
};
