import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, hashOf } from './canonical-json.ts';

describe('canonical JSON', () => {
  it('is the same text whatever the order of the keys', () => {
    expect(canonicalJson({ b: 1, a: { d: [1, { f: 2, e: 3 }], c: null } })).toBe(
      '{"a":{"c":null,"d":[1,{"e":3,"f":2}]},"b":1}',
    );
    expect(hashOf({ a: 1, b: 2 })).toBe(hashOf({ b: 2, a: 1 }));
  });

  it('leaves out what is undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(canonicalJson([undefined, 1])).toBe('[null,1]');
    expect(canonicalJson(undefined)).toBe('null');
  });

  it('says what JSON says, of any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('has its keys in the order of their text, numbers too', () => {
    expect(canonicalJson({ b: 1, 9: 1, 10: 1, a: 1 })).toBe('{"10":1,"9":1,"a":1,"b":1}');
  });

  it('tells apart what is different', () => {
    const values = [1, '1', null, true, 'true', [], {}, [1], { a: 1 }, { a: '1' }, { a: null }, [[1]], '초록', '초 록'];
    expect(new Set(values.map(hashOf)).size).toBe(values.length);
    expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
  });

  it('escapes as JSON does, keys too', () => {
    const value = { '따릉이 "1"': 'line\nbreak 50%' };
    expect(JSON.parse(canonicalJson(value))).toEqual(value);
  });

  it('survives the way through a database and back', () => {
    const value = { z: [{ b: 1.5, a: 'x' }], y: null, x: 2 ** 53 };
    expect(canonicalJson(JSON.parse(JSON.stringify(value)))).toBe(canonicalJson(value));
  });

  it('writes a whole number of any size with all its digits', () => {
    expect(canonicalJson({ price: 2n ** 63n - 1n })).toBe('{"price":9223372036854775807}');
  });

  it('is hashed with SHA-256', () => {
    // printf '{}' | sha256sum
    expect(hashOf({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
});
