import { describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLScalarType, parse, print, validate } from 'graphql';
import type { Resumable } from './resumable.ts';
import { beginningIn, isFromNow, placeAfter, toUpstreamOperation } from './upstream-operation.ts';

const schema = buildSchema(`
  scalar Cursor
  type Query { x: Int }
  type Update { cursor: Cursor!  n: Int  page(after: Cursor): Int }
  type Subscription { updated(after: Cursor, of: Int): Update  plain(after: Cursor): Update }
`);

const resumable = (fallback?: unknown): Resumable => ({
  after: { name: 'after', type: schema.getType('Cursor') as GraphQLScalarType, fallback },
  cursor: 'cursor',
});

function rewritten(text: string, fallback?: unknown) {
  const operation = toUpstreamOperation(text, new Map([['updated', resumable(fallback)]]));
  expect(validate(schema, parse(operation.query))).toEqual([]);
  return { ...operation, query: operation.query.replace(/\s+/g, ' ').trim() };
}

function beginning(text: string, variables = {}, fallback?: unknown) {
  const { resume } = rewritten(text, fallback);
  if (!resume) throw new Error('It is not resumable.');
  return beginningIn(resume, variables);
}

describe('the operation for the owner', () => {
  it('selects the cursor and takes `after` from a variable', () => {
    expect(rewritten('subscription S { updated(of: 1) { n } }')).toEqual({
      query: 'subscription S($routerAfter: Cursor) { updated(of: 1, after: $routerAfter) { n routerCursor: cursor } }',
      operationName: 'S',
      resume: {
        resumable: resumable(),
        path: ['updated', 'routerCursor'],
        variable: 'routerAfter',
        given: undefined,
        replaced: undefined,
      },
    });
  });

  it('replaces the client’s variable, and declares it no longer when nothing else uses it', () => {
    const { query, resume } = rewritten('subscription ($a: Cursor, $o: Int) { u: updated(after: $a, of: $o) { n } }');
    expect(query).toContain('subscription ($o: Int, $routerAfter: Cursor)');
    expect(resume).toMatchObject({ path: ['u', 'routerCursor'], replaced: 'a' });
  });

  it('keeps a variable that is used elsewhere too', () => {
    const { query, resume } = rewritten('subscription ($a: Cursor) { updated(after: $a) { page(after: $a) } }');
    expect(query).toContain('$a: Cursor, $routerAfter: Cursor');
    expect(resume).toMatchObject({ replaced: undefined });
  });

  it('does not use names that the client uses', () => {
    const { resume } = rewritten('subscription ($routerAfter: Int) { updated(of: $routerAfter) { routerCursor: n } }');
    expect(resume).toMatchObject({ variable: 'routerAfter_', path: ['updated', 'routerCursor_'] });
  });

  it('stays as it is where the schema does not say that it can be resumed', () => {
    expect(rewritten('subscription { plain { n } }')).toEqual({
      query: print(parse('subscription { plain { n } }')).replace(/\s+/g, ' '),
      operationName: undefined,
      resume: undefined,
    });
  });
});

describe('where a subscription begins', () => {
  const variable = 'subscription ($a: Cursor) { updated(after: $a) { n } }';

  it.each([
    ['a variable', variable, { a: 'c7' }, '"c7"'],
    ['a number in a variable', variable, { a: 7 }, '7'],
    ['a fraction in a variable', variable, { a: 0.5 }, '0.5'],
    ['null in a variable', variable, { a: null }, 'null'],
    ['a variable that is not given', variable, {}, undefined],
    ['text', 'subscription { updated(after: "c7") { n } }', {}, '"c7"'],
    ['a number', 'subscription { updated(after: 7) { n } }', {}, '7'],
    ['a long number', 'subscription { updated(after: 9007199254740993) { n } }', {}, '"9007199254740993"'],
    ['null', 'subscription { updated(after: null) { n } }', {}, 'null'],
    ['nothing', 'subscription { updated { n } }', {}, undefined],
  ])('is said by %s', (_what, text, variables, place) => {
    expect(beginning(text, variables)).toBe(place);
  });

  it('is the default of the argument when nothing else is said; null is something', () => {
    expect(beginning(variable, {}, 0)).toBe('0');
    expect(beginning(variable, { a: null }, 0)).toBe('null');
    expect(beginning('subscription { updated { n } }', {}, 0)).toBe('0');
  });

  it('is now without a cursor', () => {
    expect([undefined, 'null', '0', '""'].map(isFromNow)).toEqual([true, true, false, false]);
  });
});

describe('where a subscription stands after an event', () => {
  const operation = toUpstreamOperation('subscription { u: updated { n } }', new Map([['updated', resumable()]]));

  it.each([
    ['its cursor', { u: { n: 1, routerCursor: 'c1' } }, '"c1"'],
    ['its cursor, a number', { u: { routerCursor: 5 } }, '5'],
    ['the place before, of an event that failed', { u: null }, '"c0"'],
    ['the place before, of an event without data', null, '"c0"'],
    ['nowhere, of an event without a cursor', { u: { n: 1, routerCursor: null } }, undefined],
    ['nowhere, of a cursor that no client could send back', { u: { routerCursor: { n: 1 } } }, undefined],
  ])('is %s', (_what, data, place) => {
    expect(placeAfter(operation, { data }, '"c0"')).toBe(place);
  });

  it('is nowhere where the schema does not say that it can be resumed', () => {
    expect(
      placeAfter({ ...operation, resume: undefined }, { data: { u: { routerCursor: 'c1' } } }, '"c0"'),
    ).toBeUndefined();
  });
});
