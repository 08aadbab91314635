import { to } from '../worlds.ts';
import type { Conformance } from './conformance.ts';

const book = { __typename: 'Book', id: 'b1', title: 'one', pages: 100, lang: 'KO', stars: 4, votes: 2 };
const film = { __typename: 'Film', id: 'f1', title: 'two', minutes: 90, lang: 'EN', stars: 5, votes: 3 };
const rows = {
  b1: { ...book, sequel: to('f1'), maker: to('u1') },
  b2: { ...book, id: 'b2', title: 'three', stars: null, sequel: null, maker: to('u2') },
  f1: { ...film, sequel: to('b2'), maker: to('u2') },
  u1: { __typename: 'User', id: 'u1', nick: 'kim', made: [to('b1'), to('f1')] },
  u2: { __typename: 'User', id: 'u2', nick: 'lee', made: [] },
};
const media = { media: () => [to('b1'), null, to('f1'), to('b2')], one: () => to('f1') };

export const types: Record<string, Conformance> = {
  'a union of entities': {
    subgraphs: {
      a: `type Query { media: [Media] one: Media } union Media = Book | Film type Book @key(fields: "id") { id: ID! title: String } type Film @key(fields: "id") { id: ID! title: String }`,
      b: `type Book @key(fields: "id") { id: ID! pages: Int stars: Int } type Film @key(fields: "id") { id: ID! minutes: Int stars: Int }`,
    },
    rows,
    computed: { Query: media },
    cases: [
      '{ media { __typename } }',
      '{ media { ... on Book { pages } } }',
      '{ media { ... on Book { title pages } ... on Film { minutes title } } }',
      '{ media { ... on Book { x: title s: stars } ... on Film { x: title s: stars } } }',
      '{ media { ... on Book { id: title pages } ... on Film { id: title minutes } } }',
      '{ media { ...B ... on Film { ...F } } } fragment B on Book { pages stars } fragment F on Film { __typename stars }',
      '{ one { ... on Book { pages } } }',
      [
        'query ($no: Boolean = false) { media { ... on Book @include(if: $no) { pages } ... on Film @skip(if: $no) { minutes } } }',
        {},
      ],
      '{ media { ... { __typename ... on Media { ... on Book { pages } } } } }',
      '{ media { kind: __typename __typename ... on Book { __typename type: __typename } } }',
    ],
  },
  'a union whose members not everybody knows': {
    subgraphs: {
      a: `type Query { media: [Media] } union Media = Book | Film type Book @key(fields: "id") { id: ID! title: String } type Film @key(fields: "id") { id: ID! title: String }`,
      b: `type Query { one: Media @shareable } union Media = Book | Song type Book @key(fields: "id") { id: ID! pages: Int } type Song { beat: Int }`,
    },
    rows: { ...rows, s1: { __typename: 'Song', beat: 3 } },
    computed: { Query: { media: media.media, one: () => to('s1') } },
    cases: [
      '{ media { ... on Book { pages } ... on Song { beat } ... on Film { title } } }',
      '{ one { __typename ... on Book { title pages } ... on Song { beat } ... on Film { title } } }',
    ],
  },
  'an interface of entities': {
    subgraphs: {
      a: `type Query { media: [Media] one: Media } interface Media { id: ID! title: String } type Book implements Media @key(fields: "id") { id: ID! title: String } type Film implements Media @key(fields: "id") { id: ID! title: String }`,
      b: `interface Rated { stars: Int } type Book implements Rated @key(fields: "id") { id: ID! pages: Int stars: Int } type Film implements Rated @key(fields: "id") { id: ID! minutes: Int stars: Int }`,
      c: `interface Media { id: ID! sequel: Media maker: User } type Book implements Media @key(fields: "id") { id: ID! sequel: Media maker: User } type Film implements Media @key(fields: "id") { id: ID! sequel: Media maker: User } type User @key(fields: "id") { id: ID! nick: String made: [Media!] }`,
    },
    rows,
    computed: { Query: media },
    cases: [
      '{ media { id title } }',
      '{ media { ... on Rated { stars } } }',
      '{ media { title ... on Rated { stars } ... on Book { pages } } }',
      '{ media { sequel { title sequel { __typename title } } } }',
      '{ media { title: id id: title sequel { id: title } } }',
      '{ one { maker { nick made { title ... on Book { pages stars } } } } }',
      '{ media { maker { made { ... on Rated { stars ... on Film { minutes } } } } } }',
      '{ media { id ... on Book { ... on Media { ... on Film { minutes } } } } }',
      '{ media { ...M } } fragment M on Media { title sequel { ...N } } fragment N on Media { maker { nick } ... on Film { minutes } }',
      [
        'query ($a: Boolean!, $b: Boolean!) { media { ... @include(if: $a) { sequel { title @skip(if: $b) id } } maker @skip(if: $a) { nick } } }',
        { a: true, b: true },
      ],
      [
        'query ($a: Boolean!, $b: Boolean!) { media { ... @include(if: $a) { sequel { title @skip(if: $b) id } } maker @skip(if: $a) { nick } } }',
        { a: false, b: true },
      ],
    ],
  },
  'an interface that is an object elsewhere': {
    subgraphs: {
      a: `type Query { media: [Media] one: Media } interface Media @key(fields: "id") { id: ID! title: String } type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int } type Film implements Media @key(fields: "id") { id: ID! title: String minutes: Int }`,
      b: `type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int votes: Int! } type Query { best: Media all: [Media!] }`,
      c: `type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int @external votes: Int! @external score: String @requires(fields: "stars votes") }`,
    },
    rows,
    computed: {
      Query: { ...media, best: () => to('f1'), all: () => [to('b1'), to('f1')] },
      Media: { score: ({ stars, votes }) => `${String(stars)}/${String(votes)}` },
    },
    cases: [
      '{ media { stars } }',
      '{ media { title stars votes score } }',
      '{ best { stars } }',
      '{ best { __typename stars } }',
      '{ best { title } all { __typename title stars } }',
      '{ all { ... on Book { pages } ... on Film { minutes stars } } }',
      '{ all { score ... on Book { stars: id } } }',
      '{ media { ... on Book { score } } }',
      '{ media { id: score stars: title votes: id } }',
      '{ best { id: stars title: score } }',
      '{ best { ...M } } fragment M on Media { id ... on Film { score title } }',
      [
        'query ($no: Boolean!) { all { id title @skip(if: $no) ... on Book @include(if: $no) { pages } } }',
        { no: true },
      ],
    ],
  },
  'enums, inputs and scalars': {
    subgraphs: {
      a: `scalar Any_ enum Lang { KO EN } input Filter { lang: Lang = KO ids: [ID!] nested: Filter limit: Int = 10 } type Query { find(filter: Filter, any: Any_, langs: [[Lang!]]): [Book!] echo(int: Int, float: Float, string: String, id: ID, bool: Boolean, any: Any_): String } type Book @key(fields: "id") { id: ID! lang: Lang }`,
      b: `scalar Any_ enum Lang { KO EN } type Book @key(fields: "id") { id: ID! says(any: Any_, lang: Lang = EN, float: Float): String langs: [Lang] }`,
    },
    rows: { b1: { ...book, langs: ['KO', null, 'EN'] } },
    computed: {
      Query: { find: () => [to('b1')], echo: (_row, given) => JSON.stringify(given) },
      Book: { says: (_row, given) => JSON.stringify(given) },
    },
    cases: [
      '{ find(filter: { lang: EN, ids: ["1", 2], nested: { nested: {} } }) { lang langs } }',
      ['query ($filter: Filter) { find(filter: $filter) { lang says } }', { filter: { lang: 'EN', ids: 'one' } }],
      [
        'query ($lang: Lang = KO, $any: Any_) { find(langs: [[$lang], null, []], any: $any) { says(lang: $lang, any: $any) } }',
        { any: { deep: [1, null, { a: '"' }] } },
      ],
      '{ find { says(any: { a: [1, -2, 1.5e3, true, null, KO, "x"], b: {} }) } }',
      '{ echo(int: -2147483648, float: 1e10, string: "a", id: 5, bool: false) }',
      '{ echo(any: 123456789012345678901234567890, float: 123456789012345678901234567890) }',
      '{ echo(float: 1.7976931348623157e308, any: 5e-324) }',
      '{ echo(string: "\\u00e9 \\ud83d\\ude00 \\u{1F6B2} \\n\\t\\"\\\\ 😀 따릉이") }',
      '{ echo(string: """\n   block "quoted" \\""" 😀\n     deeper\n   """) find { says(any: """ x\n y """) } }',
      '{ echo(string: "{ literal_0_ asked_ } $representations #no comment") }',
      '{ find { says(any: "\\ud83d\\ude00", float: 0.1) other: says(any: 18446744073709551616, float: -0) } }',
      [
        'query ($f: Float, $s: String = "\\u{1F600}") { find { says(float: $f, any: { s: $s }) } echo(string: $s) }',
        { f: 1e21 },
      ],
      '{ find { says(any: [], lang: null) } echo(string: null, any: null) }',
      '{ find { a: says(any: {}) b: says(any: { inf: 1e400 }) } }',
    ],
    apollo: { wrong: [13], because: 'it cannot plan a number beyond those of JavaScript, and says so' },
  },
  'objects that several may answer': {
    subgraphs: {
      a: `type Query { place: Place @shareable } type Place @shareable { name: String at: At } type At @shareable { lat: Float } `,
      b: `type Query { place: Place @shareable } type Place @shareable { name: String at: At more: String } type At @shareable { lat: Float lon: Float }`,
    },
    rows: {},
    computed: { Query: { place: () => ({ name: 'x', at: { lat: 1.5, lon: 2 }, more: 'm' }) } },
    cases: [
      '{ place { name at { lat lon } } }',
      '{ place { more at { lat } } a: place { at { lon } } }',
      '{ place { at { lat: lon lon: lat } } }',
    ],
  },
  'what clients do not see': {
    subgraphs: {
      a: `type Query { media: [Media] secret: Int @inaccessible book(hidden: Int @inaccessible, lang: Lang): Book } union Media = Book | Film type Film @inaccessible @key(fields: "id") { id: ID! title: String }
        type Book implements Node @key(fields: "key") { key: ID! @inaccessible id: ID title: String lang: Lang } enum Lang { KO EN @inaccessible } interface Node @inaccessible { id: ID }
        input In { a: Int b: Int @inaccessible }`,
      b: `type Book @key(fields: "key") { key: ID! @inaccessible pages: Int weight: Int @inaccessible } `,
      c: `type Book @key(fields: "key") { key: ID! weight: Int @external heavy: String @requires(fields: "weight") }`,
    },
    rows: { b1: { ...book, key: 'k1', weight: 3 }, b2: { ...book, key: 'k2', lang: 'EN', weight: 4 }, f1: film },
    computed: {
      Query: { media: () => [to('b1')], book: () => to('b2') },
      Book: { heavy: ({ weight }) => `${String(weight)} kg` },
    },
    cases: [
      '{ media { __typename ... on Book { title pages heavy } } }',
      '{ book { title lang pages } }',
      '{ media { ... on Book { key: title weight: pages heavy } } }',
      '{ __type(name: "Book") { fields { name } } __schema { types { name } } }',
      '{ __schema { queryType { fields { name args { name } } } } book { id } }',
      [
        'query ($n: String!) { __type(name: $n) { kind enumValues { name } } t: __typename book { heavy } }',
        { n: 'Lang' },
      ],
    ],
  },
};
