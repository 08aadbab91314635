import { describe, expect, it } from '@jest/globals';
import { buildSchema, getOperationAST, parse, type GraphQLFormattedError } from 'graphql';
import { compileShape } from './shape.ts';

const schema = buildSchema(`
  type Query { time: String!, account: Account!, bike: Bike }
  type Account { points: Int! }
  type Bike { color: String!, history: [String!]!, note: String }
`);

function write(query: string, data: Record<string, unknown>, told: readonly GraphQLFormattedError[] = []) {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  const errors = [...told];
  const shape = compileShape({ schema, operation, fragments: new Map(), nameOf: (name) => name });
  const json = shape.write({ data, variables: {} }, errors);
  return { data: JSON.parse(json) as unknown, messages: errors.map(({ message }) => message) };
}

const refused = (...path: string[]): GraphQLFormattedError => ({ message: 'refused', path });

describe('a field that is missing and must not be', () => {
  it('makes the next field null that may be, and is told', () => {
    expect(write('{ bike { color note } }', { bike: { note: 'new' } })).toEqual({
      data: { bike: null },
      messages: ['Cannot return null for non-nullable field Bike.color.'],
    });
  });

  it('is told once, where a subgraph has told why', () => {
    const told = [refused('bike', 'color')];
    expect(write('{ bike { color } }', { bike: {} }, told)).toEqual({ data: { bike: null }, messages: ['refused'] });
  });

  it('is not told where a field beside it took all of the object along', () => {
    expect(write('{ time account { points } }', {}, [refused('account', 'points')])).toEqual({
      data: null,
      messages: ['refused'],
    });
    expect(write('{ bike { color history } }', { bike: {} }, [refused('bike', 'history')])).toEqual({
      data: { bike: null },
      messages: ['refused'],
    });
  });

  it('is told where the field beside it may be null itself, or the error is of another object', () => {
    for (const path of [
      ['bike', 'note'],
      ['account', 'points'],
    ]) {
      expect(write('{ bike { color note } }', { bike: {} }, [refused(...path)]).messages).toHaveLength(2);
    }
  });
});
