import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { queryDepthRule } from './query-depth.ts';

const schema = buildSchema('type Query { self: Query, leaf: Int }');
const check = (text: string, limit = 3) => validate(schema, parse(text), [queryDepthRule(limit)]).map(String);

describe('the depth limit', () => {
  it('counts fields, not fragments', () => {
    expect(check('{ self { ... on Query { ...f } } } fragment f on Query { self { leaf } }')).toEqual([]);
    expect(check('{ self { ...f } } fragment f on Query { self { self { leaf } } }')).toHaveLength(1);
  });

  it('measures each operation', () => {
    expect(check('query a { leaf } query b { self { self { self { leaf } } } }')).toHaveLength(1);
  });

  it('ends on fragments that spread each other in a circle, which the standard rule reports', () => {
    const cyclic = '{ ...a } fragment a on Query { self { ...b } } fragment b on Query { self { ...a } }';
    expect(check(cyclic, 100)).toEqual([]);
    expect(validate(schema, parse(cyclic), [...specifiedRules, queryDepthRule(100)])).toHaveLength(1);
  });

  it('takes linear time for fragments that double at every step', () => {
    const steps = Array.from(
      { length: 40 },
      (_, n) => `fragment f${n} on Query { a: self { ...f${n + 1} } b: self { ...f${n + 1} } }`,
    );
    const startedAt = performance.now();
    expect(check(`{ ...f0 } ${steps.join(' ')} fragment f40 on Query { leaf }`, 100)).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
