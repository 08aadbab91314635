import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, print, validate } from 'graphql';
import { cursorOf, toUpstreamOperation } from './upstream-operation.ts';

const schema = buildSchema(`
  scalar Cursor
  type Query { x: Int }
  type Update { cursor: Cursor!  n: Int  page(after: Cursor): Int }
  type Subscription { updated(after: Cursor, of: Int): Update  changed(after: Cursor): Plain  plain: Update }
  type Plain { n: Int }
`);

function rewritten(text: string) {
  const operation = toUpstreamOperation(text, schema);
  expect(validate(schema, parse(operation.query))).toEqual([]);
  return { ...operation, query: operation.query.replace(/\s+/g, ' ').trim() };
}

describe('the operation for the owner', () => {
  it('selects the cursor and takes `after` from a variable', () => {
    expect(rewritten('subscription S { updated(of: 1) { n } }')).toEqual({
      query: 'subscription S($routerAfter: Cursor) { updated(of: 1, after: $routerAfter) { n routerCursor: cursor } }',
      operationName: 'S',
      resume: {
        path: ['updated', 'routerCursor'],
        variable: 'routerAfter',
        clientVariable: undefined,
        literal: undefined,
      },
    });
  });

  it('replaces the client’s variable, and declares it no longer when nothing else uses it', () => {
    const { query, resume } = rewritten('subscription ($a: Cursor, $o: Int) { u: updated(after: $a, of: $o) { n } }');
    expect(query).toContain('subscription ($o: Int, $routerAfter: Cursor)');
    expect(resume).toMatchObject({ path: ['u', 'routerCursor'], clientVariable: 'a' });
  });

  it('keeps a variable that is used elsewhere too', () => {
    const { query } = rewritten('subscription ($a: Cursor) { updated(after: $a) { page(after: $a) } }');
    expect(query).toContain('$a: Cursor, $routerAfter: Cursor');
  });

  it('remembers a cursor written in the operation', () => {
    expect(rewritten('subscription { updated(after: "c7") { n } }').resume?.literal).toBe('c7');
  });

  it('does not use names that the client uses', () => {
    const { resume } = rewritten('subscription ($routerAfter: Int) { updated(of: $routerAfter) { routerCursor: n } }');
    expect(resume).toMatchObject({ variable: 'routerAfter_', path: ['updated', 'routerCursor_'] });
  });

  it('stays as it is where there is no cursor, or no `after`', () => {
    for (const text of ['subscription { changed { n } }', 'subscription { plain { n } }']) {
      expect(rewritten(text)).toEqual({
        query: print(parse(text)).replace(/\s+/g, ' '),
        operationName: undefined,
        resume: undefined,
      });
    }
  });
});

describe('the cursor of an event', () => {
  const operation = toUpstreamOperation('subscription { u: updated { n } }', schema);

  it('is read under the router’s name', () => {
    expect(cursorOf(operation, { data: { u: { n: 1, routerCursor: 'c1' } } })).toBe('c1');
  });

  it('is unknown when the event has none', () => {
    for (const data of [null, { u: null }, { u: { routerCursor: 5 } }])
      expect(cursorOf(operation, { data })).toBeUndefined();
    expect(cursorOf({ ...operation, resume: undefined }, { data: { u: { routerCursor: 'c1' } } })).toBeUndefined();
  });
});
