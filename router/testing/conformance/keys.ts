import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

const product = {
  __typename: 'Product',
  id: 'p1',
  sku: 's1',
  region: 'kr',
  name: 'one',
  price: 10,
  stock: 5,
  weight: 2,
};

export const keys: Record<string, Conformance> = {
  'several keys, each known to some': {
    subgraphs: {
      a: `type Query { product: Product bySku: Product } type Product @key(fields: "id") { id: ID! name: String }`,
      b: `type Product @key(fields: "id") @key(fields: "sku") { id: ID! sku: String! price: Int }`,
      c: `type Product @key(fields: "sku") { sku: String! stock: Int }`,
    },
    rows: { p1: product },
    computed: { Query: { product: () => to('p1'), bySku: () => to('p1') } },
    cases: [
      '{ product { stock } }',
      '{ product { id sku name price stock } }',
      '{ product { sku: id id: sku stock } }',
      '{ product { stock } bySku { sku } }',
      '{ product { ...A ...B } } fragment A on Product { stock sku: name } fragment B on Product { price }',
    ],
  },
  'a key of several fields': {
    subgraphs: {
      a: `type Query { products: [Product] } type Product @key(fields: "sku region") { sku: ID! region: String! name: String }`,
      b: `type Product @key(fields: "sku region") { sku: ID! region: String! price: Int }`,
    },
    rows: { p1: product, p2: { ...product, region: 'jp', price: 11 } },
    computed: { Query: { products: () => [to('p1'), null, to('p2')] } },
    cases: [
      '{ products { price } }',
      '{ products { region: sku sku: region price } }',
      '{ products { region: price } }',
    ],
  },
  'a key within an object': {
    subgraphs: {
      a: `type Query { products: [Product!]! } type Product @key(fields: "code { sku at { region } }") { code: Code! name: String }
        type Code { sku: ID! at: At! kind: String } type At { region: String! }`,
      b: `type Product @key(fields: "code { sku at { region } }") { code: Code! price: Int } type Code @shareable { sku: ID! at: At! }
        type At @shareable { region: String! }`,
    },
    rows: {
      p1: { __typename: 'Product', code: { sku: '1', at: { region: 'kr' }, kind: 'x' }, name: 'one', price: 1 },
      p2: { __typename: 'Product', code: { sku: '1', at: { region: 'jp' }, kind: 'y' }, name: 'two', price: 2 },
    },
    computed: { Query: { products: () => [to('p1'), to('p2'), to('p1')] } },
    cases: [
      '{ products { price } }',
      '{ products { code { kind sku: kind } price } }',
      '{ products { code { at { region: __typename } } price name } }',
      '{ products { code: name price } }',
      '{ products { c: code { sku at { region } } code { k: kind } price } }',
    ],
  },
  'a key that is another entity, or a list': {
    subgraphs: {
      a: `type Query { boxes: [Box] } type Box @key(fields: "owner { id } tags { id }") { owner: User! tags: [Tag!]! name: String }
        type User @key(fields: "id") { id: ID! } type Tag @key(fields: "id") { id: ID! }`,
      b: `type Box @key(fields: "owner { id } tags { id }") { owner: User! tags: [Tag!]! size: Int } type User @key(fields: "id") { id: ID! nick: String }
        type Tag @key(fields: "id") { id: ID! word: String }`,
    },
    rows: {
      x: { __typename: 'Box', owner: to('u1'), tags: [to('t1'), to('t2')], name: 'x', size: 1 },
      y: { __typename: 'Box', owner: to('u1'), tags: [to('t1')], name: 'y', size: 2 },
      u1: { __typename: 'User', id: '1', nick: 'kim' },
      t1: { __typename: 'Tag', id: '1', word: 'red' },
      t2: { __typename: 'Tag', id: '2', word: 'blue' },
    },
    computed: { Query: { boxes: () => [to('x'), to('y')] } },
    cases: [
      '{ boxes { name size } }',
      '{ boxes { size owner { nick } tags { word } } }',
      '{ boxes { size tags { id: word } owner { id: nick } } }',
      '{ boxes { tags: name owner: size } }',
    ],
  },
  'keys that are null': {
    subgraphs: {
      a: `type Query { products: [Product] } type Product @key(fields: "id") @key(fields: "sku") { id: ID sku: ID name: String }`,
      b: `type Product @key(fields: "id") { id: ID price: Int }`,
      c: `type Product @key(fields: "sku") { sku: ID stock: Int }`,
    },
    rows: {
      p1: { __typename: 'Product', id: '1', sku: 'x', name: 'both', price: 1, stock: 1 },
      p2: { __typename: 'Product', id: null, sku: 'y', name: 'no id', price: null, stock: 2 },
      p3: { __typename: 'Product', id: '3', sku: null, name: 'no sku', price: 3, stock: null },
      p4: { __typename: 'Product', id: null, sku: null, name: 'neither', price: null, stock: null },
    },
    computed: { Query: { products: () => [to('p1'), to('p2'), to('p3'), to('p4'), null] } },
    cases: [
      '{ products { price stock } }',
      '{ products { id sku name price stock } }',
      '{ products { id: name price } }',
    ],
  },
  'keys that cannot be resolved everywhere': {
    subgraphs: {
      a: `type Query { product: Product } type Product @key(fields: "id", resolvable: false) @key(fields: "sku") { id: ID! sku: ID! name: String }`,
      b: `type Product @key(fields: "id") { id: ID! price: Int }  type Query { cheap: Product }`,
      c: `type Product @key(fields: "sku", resolvable: false) @key(fields: "id") { id: ID! sku: ID! stock: Int }`,
    },
    rows: { p1: product },
    computed: { Query: { product: () => to('p1'), cheap: () => to('p1') } },
    cases: [
      '{ product { price stock } }',
      '{ cheap { stock } }',
      '{ cheap { name } }',
      '{ cheap { name price stock sku id } product { name price stock sku id } }',
      '{ cheap { sku: price id: name } }',
    ],
  },
  'a stub that only points': {
    subgraphs: {
      a: `type Query { review: Review } type Review { text: String product: Product } type Product @key(fields: "id", resolvable: false) { id: ID! }`,
      b: `type Product @key(fields: "id") { id: ID! name: String! }`,
    },
    rows: { p1: product },
    computed: { Query: { review: () => ({ text: 'good', product: to('p1') }) } },
    cases: [
      '{ review { product { name } } }',
      '{ review { text: product { id: name } } }',
      '{ review { product { id } } }',
    ],
  },
  'an entity that others do not know': {
    subgraphs: {
      a: `type Query { products: [Product] first: Product! } type Product @key(fields: "id") { id: ID! name: String }`,
      b: `type Product @key(fields: "id") { id: ID! price: Int strict: Int! }`,
    },
    rows: { p1: { ...product, strict: 1 } },
    computed: {
      Query: {
        products: () => [to('p1'), { __typename: 'Product', id: 'gone', name: 'gone', price: null }],
        first: () => ({ __typename: 'Product', id: 'gone', name: 'gone' }),
      },
    },
    cases: ['{ products { name price } }', '{ products { name strict } }', '{ first { name strict } products { id } }'],
  },
  'federation 1: extensions': {
    subgraphs: {
      a: `# Federation 1
        type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String weight: Int }`,
      b: `# Federation 1
        extend type Product @key(fields: "id") { id: ID! @external weight: Int @external price: Int fee: Int @requires(fields: "weight") }
        extend type Query { cheap: Product @provides(fields: "weight") }`,
      c: `# Federation 1
        type Product @extends @key(fields: "id") { id: ID! @external stock: Int }`,
    },
    rows: { p1: product },
    computed: {
      Query: { product: () => to('p1'), cheap: () => to('p1') },
      Product: { fee: ({ weight }) => Number(weight) * 100 },
    },
    cases: [
      '{ product { fee price stock } }',
      '{ cheap { weight name stock } }',
      '{ cheap { fee } product { weight: name fee } }',
    ],
  },
  'mutations, one after the other': {
    subgraphs: {
      a: `type Query { at: Int } type Mutation { add(n: Int!): Counter! fail: Counter } type Counter @key(fields: "id") { id: ID! value: Int! }`,
      b: `type Mutation { double: Counter! } type Counter @key(fields: "id") { id: ID! seen: Int }`,
    },
    rows: { c: { __typename: 'Counter', id: '1' } },
    computed: {
      Query: { at: () => 1 },
      Mutation: {
        add(_row, { n }, { state }) {
          state['value'] = Number(state['value'] ?? 0) + Number(n);
          return to('c');
        },
        double(_row, _given, { state }) {
          state['value'] = Number(state['value'] ?? 0) * 2;
          return to('c');
        },
        fail: () => new Error('it fails'),
      },
      Counter: {
        value: (_row, _given, { state }) => state['value'],
        seen: (_row, _given, { state }) => state['value'],
      },
    },
    cases: [
      'mutation { a: add(n: 1) { value seen } b: add(n: 2) { value seen } }',
      'mutation { add(n: 1) { seen } double { value } b: add(n: 5) { value seen } c: double { seen value } }',
      'mutation { a: add(n: 3) { seen } fail { seen } double { value seen } }',
      [
        'mutation ($n: Int!, $no: Boolean!) { a: add(n: $n) { seen } skipped: add(n: 1) @skip(if: $no) { id } double { seen } }',
        { n: 4, no: true },
      ],
      'mutation { ...M } fragment M on Mutation { double { id: seen } add(n: 7) { value: id seen } }',
      'mutation { add(n: 2) { id } double { id } add(n: 2) { value } }',
      'mutation { add(n: 2) { value } ... on Mutation { x: add(n: 3) { value } } ... { double { value: id } } y: add(n: 1) { value } double { id } }',
      'mutation { ...M add(n: 4) { value } ... { double { seen } y: add(n: 1) { value } } } fragment M on Mutation { double { id } z: add(n: 5) { id } }',
    ],
  },
};
