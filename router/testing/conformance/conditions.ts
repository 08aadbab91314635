import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

export const conditions: Record<string, Conformance> = {
  'what a client asks not to have': {
    subgraphs: {
      a: `type Query { nodes: [Node] bikes: [Bike] } interface Node { id: ID! }
        type Bike implements Node @key(fields: "id") { id: ID! rider: Rider color: String }
        type Rider implements Node @key(fields: "id") { id: ID! bike: Bike }`,
      b: `type Bike @key(fields: "id") { id: ID! fee: Int weight: Int! }
        type Rider @key(fields: "id") { id: ID! points: Int! name: String }`,
    },
    rows: {
      b1: { __typename: 'Bike', id: 'b1', rider: to('r1'), color: 'red', fee: new Error('no fee'), weight: null },
      b2: { __typename: 'Bike', id: 'b2', rider: new Error('no rider'), color: null, fee: 3, weight: 20 },
      r1: { __typename: 'Rider', id: 'r1', bike: new Error('no bike'), points: null, name: 'Kim' },
      r2: { __typename: 'Rider', id: 'r2', bike: to('b2'), points: 7, name: null },
    },
    computed: {
      Query: { nodes: () => [to('b1'), to('r1'), to('r2')], bikes: () => [to('b1'), to('b2')] },
    },
    cases: ['true', 'false'].flatMap((yes) => {
      const variables = { yes: yes === 'true' };
      return (
        [
          // Nothing of these is asked, so nothing of them can fail.
          'query ($yes: Boolean!) { nodes { id ... on Rider @include(if: $yes) { bike { fee } } } }',
          'query ($yes: Boolean!) { bikes { id ...F @skip(if: $yes) } } fragment F on Bike { rider { points } fee }',
          'query ($yes: Boolean!) { bikes { color ... @include(if: $yes) { rider { id name points } } } }',
          'query ($yes: Boolean!) { nodes { ... on Bike { rider { ... @skip(if: $yes) { bike { id } } name } } } }',
          'query ($yes: Boolean!) { bikes { fee @include(if: $yes) } nodes { id ...F @include(if: $yes) } } fragment F on Rider { x: bike @include(if: $yes) { fee } }',
          'query ($yes: Boolean!, $no: Boolean = false) { bikes { color ... @include(if: $no) { id rider @include(if: $yes) { name points } } } }',
          // Nothing is left of it.
          'query ($yes: Boolean!) { bikes { rider { points @skip(if: $yes) } } nodes @include(if: $yes) { id } }',
          'query ($yes: Boolean!) { bikes @include(if: $yes) { weight } }',
          // Both conditions count, and one field may stand under several.
          'query ($yes: Boolean!, $no: Boolean = false) { bikes { fee @include(if: $no) @skip(if: $yes) fee @include(if: $yes) weight @skip(if: true) } }',
        ] as const
      ).map((query) => [query, variables] as const);
    }),
  },
};
