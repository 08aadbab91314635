import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

const rows = {
  b1: {
    __typename: 'Book',
    id: 'b1',
    title: 'one',
    pages: 100,
    grams: 300,
    stars: 4,
    maker: to('u1'),
    like: [to('f1')],
  },
  b2: { __typename: 'Book', id: 'b2', title: 'two', pages: null, grams: 200, stars: null, maker: null, like: null },
  f1: {
    __typename: 'Film',
    id: 'f1',
    title: 'three',
    minutes: 90,
    grams: 50,
    stars: 5,
    maker: to('u1'),
    like: [to('b1'), null],
  },
  u1: { __typename: 'User', id: 'u1', nick: 'kim', favourite: to('f1'), made: [[to('b1'), null], [to('f1')]] },
};
const all = () => [to('b1'), null, to('f1'), to('b2')];
const top = () => to('f1');

/** Interfaces that a subgraph knows as an object only: it answers fields of all their members, and knows none. */
export const interfaceObjects: Record<string, Conformance> = {
  'members whose fields others know': {
    subgraphs: {
      object: `type Query { all: [Media] top: Media! } type Mutation { praise(by: Int): Media } type Subscription { praised: Media came: [Media] }
        type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int like: [Media] }`,
      whole: `interface Media @key(fields: "id") { id: ID! title: String } type Book implements Media @key(fields: "id") { id: ID! title: String }
        type Film implements Media @key(fields: "id") { id: ID! title: String }`,
      members: `type Book @key(fields: "id") { id: ID! pages: Int grams: Int maker: User } type Film @key(fields: "id") { id: ID! minutes: Int grams: Int maker: User }
        type User @key(fields: "id") { id: ID! favourite: Media made: [[Media]] } interface Media { id: ID! }
        extend type Book implements Media extend type Film implements Media`,
      computing: `type Book @key(fields: "id") { id: ID! grams: Int @external post: String @requires(fields: "grams") }
        type User @key(fields: "id") { id: ID! nick: String }`,
    },
    rows,
    computed: {
      Query: { all, top },
      Mutation: { praise: top },
      Subscription: { praised: top, came: all },
      Book: { post: ({ grams }) => `${String(grams)} g` },
    },
    cases: [
      '{ all { ... on Book { pages } } }',
      '{ all { id ... on Film { minutes id } } top { stars } }',
      '{ all { stars ... on Book { id: pages stars: title } ... on Film { n: minutes } } }',
      '{ all { ... on Book { n: stars } ... on Film { n: grams } } }',
      '{ top { ... on Film { grams maker { nick favourite { stars ... on Film { minutes } } } } } }',
      '{ top { __typename like { __typename stars ... on Book { pages post } } } }',
      '{ all { like { id like { title ... on Book { maker { made { stars ... on Film { minutes } } } } } } } }',
      '{ all { ... on Book { post } } top { ... on Book { post } ... on Film { grams } } }',
      '{ all { ...M } } fragment M on Media { title ... on Book { post: title other: post } ... on Film { post: minutes } }',
      [
        'query ($no: Boolean!) { all { ... on Book { pages @skip(if: $no) post } ... on Film @include(if: $no) { minutes } } }',
        { no: true },
      ],
      'mutation { praise { stars ... on Film { minutes } } again: praise(by: 2) { title ... on Book { post } } }',
      'subscription { praised { ... on Film { minutes } } }',
      'subscription { came { stars ... on Book { post pages } ... on Film { title } } }',
    ],
  },
  'two fetches of members, of which one has only their type': {
    subgraphs: {
      object: `type Query { best: [Node] } type Node @interfaceObject @key(fields: "id") { id: ID! bonus: Int }`,
      whole: `interface Node @key(fields: "id") { id: ID! } type Bike implements Node @key(fields: "id") { id: ID! } type Rider implements Node @key(fields: "id") { id: ID! }`,
      seen: `type Query { one: Rider } interface Node { id: ID! } type Rider implements Node @key(fields: "id") { id: ID! seen: Int f2: Int }
        type Bike implements Node @key(fields: "id") { id: ID! seen: Int things: [Thing] } union Thing = Bike | Rider extend type Query { things: [Thing] }`,
    },
    rows: {
      k1: { __typename: 'Bike', id: 'k1', seen: 1, bonus: 5, things: [to('r1'), to('k1')] },
      r1: { __typename: 'Rider', id: 'r1', seen: 2, f2: 3, bonus: 6 },
    },
    computed: {
      Query: { best: () => [to('k1'), to('r1'), null], one: () => to('r1'), things: () => [to('k1'), to('r1')] },
    },
    cases: [
      '{ best { ... on Rider { seen z: id } ... on Bike { id } } }',
      '{ best { ... on Rider { seen z: id } ... on Bike { id } } best { ... on Bike { __typename: id } } }',
      '{ things { ... on Bike { sku: seen bonus } ... on Rider { sku: bonus seen } } best { id ... on Rider { seen } } }',
      '{ best { ... on Bike { things { ... on Bike { n: seen } ... on Rider { n: bonus } } } ... on Rider { n: f2 } } }',
    ],
  },
};
