import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

const rows = {
  p1: {
    __typename: 'Product',
    id: '1',
    sku: 's1',
    name: 'one',
    price: 3,
    toString: 'T',
    constructor: 'C',
    hasOwnProperty: 'H',
    __proto: 'P',
    then: 'later',
    next: to('p2'),
  },
  p2: {
    __typename: 'Product',
    id: '2',
    sku: 's2',
    name: 'two',
    price: 5,
    toString: 'U',
    constructor: 'D',
    hasOwnProperty: 'I',
    then: null,
    next: null,
  },
};

export const names: Record<string, Conformance> = {
  'any name that a client may give': {
    subgraphs: {
      a: `type Query { products(first: Int, representations: Int): [Product] product(id: ID): Product } type Product @key(fields: "id") { id: ID! name(upper: Boolean): String next: Product }`,
      b: `type Product @key(fields: "id") @key(fields: "sku") { id: ID! sku: ID! price(times: Int = 1): Int toString: String constructor: String hasOwnProperty: String then: String }`,
      c: `type Product @key(fields: "sku") { sku: ID! price(times: Int = 1): Int @external label(representations: Int, id: ID): String @requires(fields: "price") }`,
    },
    rows,
    computed: {
      Query: {
        products: () => [to('p1'), null, to('p2')],
        product: (_row, { id }) => (id === '2' ? to('p2') : to('p1')),
      },
      Product: {
        price: ({ price }, { times }) => Number(price) * Number(times),
        label: ({ price }, given) => `${String(price)} ${JSON.stringify(given)}`,
        name: ({ name }, { upper }) => (upper ? String(name).toUpperCase() : name),
      },
    },
    cases: [
      '{ products { id: name sku: price name: id price: sku } }',
      '{ products { __typename: name label } }',
      '{ product { __typename: __typename id: __typename label } }',
      '{ products { id: label sku: label(id: 7) } }',
      '{ products { toString constructor hasOwnProperty then label } }',
      '{ products { toString: name constructor: price hasOwnProperty: sku valueOf: label isPrototypeOf: id __defineGetter__: id } }',
      '{ __proto__: product { __proto__: name prototype: price __lookupGetter__: toString } }',
      '{ toString: products { label } constructor: product(id: 2) { label next { price } } }',
      '{ _entities: product { label } _service: product { name } representations: product { price } }',
      '{ product { _internal_qp_alias_0: name price(times: 2) label _internal_qp_alias_1: price(times: 3) price__alias_0: id } }',
      '{ asked_: product { asked_id: name id: price asked__id: sku } }',
      '{ product { literal_0_: name literal_: price(times: 5) n: name(upper: true) } }',
      [
        'query ($representations: Int) { products(representations: $representations) { label(representations: $representations) } }',
        { representations: 4 },
      ],
      [
        'query representations($representations: Int = 9, $id: ID) { product(id: $id) { label(representations: $representations, id: $id) } }',
        { id: '2' },
      ],
      [
        'query ($__batch_reps_0: Int, $a: Int = 2) { p: product { label(representations: $__batch_reps_0) price(times: $a) } products { label } }',
        { __batch_reps_0: 6 },
      ],
      [
        'query ($constructor: Int, $toString: ID, $__proto__: Boolean = true) { product(id: $toString) { label(representations: $constructor) name(upper: $__proto__) } }',
        { constructor: 5, toString: '2' },
      ],
      '{ product { price: price(times: 4) label p: price } }',
      '{ product { price(times: 4) label } }',
      'query toString { product { ...constructor } } fragment constructor on Product { label next { ...toString } } fragment toString on Product { id: price }',
      '{ product { next { next { id } label } n: next { label name } } }',
      '{ a: product { b: next { c: label } } a: product { b: next { d: price } } }',
      '{ __typename product { __typename t: __typename next { __typename } } u: __typename }',
    ],
  },
  'one name for fields of different types': {
    subgraphs: {
      a: `type Query { nodes: [Node] things: [Thing] } interface Node { id: ID! } union Thing = Bike | Rider
        type Bike implements Node @key(fields: "id") { id: ID! }
        type Rider implements Node @key(fields: "id") { id: ID! }`,
      b: `type Bike @key(fields: "id") { id: ID! state: Boolean owner: Rider }
        type Rider @key(fields: "id") { id: ID! state: [Bike!] owner: Bike! points: Int }`,
      c: `type Bike @key(fields: "id") { id: ID! state: Boolean @external label: String @requires(fields: "state") }
        type Rider @key(fields: "id") { id: ID! points: Int @external rank: String @requires(fields: "points") }`,
    },
    rows: {
      b1: { __typename: 'Bike', id: 'b1', state: true, owner: to('r1') },
      b2: { __typename: 'Bike', id: 'b2', state: null, owner: null },
      r1: { __typename: 'Rider', id: 'r1', state: [to('b1'), to('b2')], owner: to('b1'), points: 3 },
      r2: { __typename: 'Rider', id: 'r2', state: new Error('no states'), owner: new Error('no owner'), points: 4 },
    },
    computed: {
      Query: {
        nodes: () => [to('b1'), to('r1'), to('b2'), to('r2')],
        things: () => [to('r2'), to('r1'), to('b1'), to('b2')],
      },
      Bike: { label: ({ state }) => `label ${String(state)}` },
      Rider: { rank: ({ points }) => `rank ${String(points)}` },
    },
    cases: [
      '{ nodes { ... on Bike { label } ... on Rider { state { id } rank } } }',
      '{ nodes { ... on Rider { state { label state } rank } ... on Bike { label } } }',
      '{ things { ... on Bike { label } ... on Rider { owner { label id } state { label } } } }',
      '{ things { ... on Rider { state { owner { rank state { label owner { state } } } } } ... on Bike { label owner { state { id } } } } }',
    ],
  },
};
