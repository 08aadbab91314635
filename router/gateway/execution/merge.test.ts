import { expect, it } from '@jest/globals';
import { merge } from './merge.ts';
import type { JsonObject } from './values.ts';

const isOf = (type: unknown, wanted: unknown) => type === wanted;

it.each<[string, JsonObject, JsonObject, JsonObject]>([
  ['a null after a value', { a: 1, in: { b: 2 } }, { a: null, in: { b: null } }, { a: 1, in: { b: 2 } }],
  ['a value after a null', { a: null, list: [null, 1] }, { a: 1, list: [2, null] }, { a: 1, list: [2, 1] }],
  [
    'a null for a whole object or list',
    { in: { b: 2 }, list: [1] },
    { in: null, list: null },
    { in: { b: 2 }, list: [1] },
  ],
  ['parts of objects in a list', { list: [{ a: 1 }] }, { list: [{ b: 2 }] }, { list: [{ a: 1, b: 2 }] }],
])('of what two subgraphs know nothing is lost: %s', (_what, into, from, both) => {
  merge(into, from, isOf);
  expect(into).toEqual(both);
});
