import { describe, expect, it } from '@jest/globals';
import { buildSchema, getOperationAST, parse, type GraphQLFormattedError } from 'graphql';
import { compileShape } from './shape.ts';

const schema = buildSchema(`
  type Query { time: String!, account: Account!, bike: Bike, bikes: [Bike], others: [Bike] }
  type Account { points: Int! }
  type Bike { color: String!, history: [String!]!, note: String, part: Bike }
`);

function write(
  query: string,
  data: Record<string, unknown>,
  told: readonly GraphQLFormattedError[] = [],
  repeated = new Set<Record<string, unknown>>(),
) {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  const errors = [...told];
  const shape = compileShape({ schema, operation, fragments: new Map(), nameOf: (name) => name });
  const json = shape.write({ data, variables: {}, repeated }, errors);
  return { data: JSON.parse(json) as unknown, messages: errors.map(({ message }) => message) };
}

const missing = 'Cannot return null for non-nullable field Bike.color.';
const refused = (...path: (string | number)[]): GraphQLFormattedError => ({ message: 'refused', path });

describe('a field that is missing and must not be', () => {
  it('makes the next field null that may be, and is told', () => {
    expect(write('{ bike { color note } }', { bike: { note: 'new' } })).toEqual({
      data: { bike: null },
      messages: [missing],
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

  it('is not told in an object that two subgraphs give, where a field beside the object took one of them along', () => {
    expect(write('{ account { points } time }', { account: {} }, [refused('time')])).toEqual({
      data: null,
      messages: ['refused'],
    });
    expect(write('{ account { points } bike { note } }', { account: {} }, [refused('bike')]).messages).toHaveLength(2);
  });

  it('is not told in an object of which a subgraph has told why its part is not there', () => {
    expect(write('{ bike { color note } }', { bike: { note: 'new' } }, [refused('bike')])).toEqual({
      data: { bike: null },
      messages: ['refused'],
    });
    expect(write('{ bikes { color note } }', { bikes: [{ note: 'a' }, { note: 'b' }] }, [refused('bikes', 1)])).toEqual(
      {
        data: { bikes: [null, null] },
        messages: ['refused', missing],
      },
    );
  });

  it('is told where the field beside it may be null itself, or the error is of another object', () => {
    for (const path of [
      ['bike', 'note'],
      ['account', 'points'],
    ]) {
      expect(write('{ bike { color note } }', { bike: {} }, [refused(...path)]).messages).toHaveLength(2);
    }
  });

  describe('in many objects of a list', () => {
    const bikes = (count: number) => Array.from({ length: count }, () => ({}));
    const refusedAt = (count: number, name: string) => bikes(count).map((_, at) => refused('bikes', at, name));

    it('is told where a subgraph has told it, which it does at ten places', () => {
      const { messages } = write('{ bikes { color } }', { bikes: bikes(2_000) }, refusedAt(10, 'color'));
      expect(messages).toEqual(Array(10).fill('refused'));
    });

    it('is not told where a field beside it took all of the object along, at ten places', () => {
      const { messages } = write('{ bikes { color history } }', { bikes: bikes(11) }, refusedAt(10, 'history'));
      expect(messages).toEqual(Array(10).fill('refused'));
    });

    it('is told in the others where fewer are told, or something else is', () => {
      expect(write('{ bikes { color } }', { bikes: bikes(11) }, refusedAt(9, 'color')).messages).toHaveLength(11);
      expect(write('{ bikes { color note } }', { bikes: bikes(11) }, refusedAt(10, 'note')).messages).toHaveLength(21);
      const often = Array(10).fill(refused('bikes', 0, 'color')) as GraphQLFormattedError[];
      expect(write('{ bikes { color } }', { bikes: bikes(2) }, often).messages).toHaveLength(11);
    });

    it('is told in time', () => {
      const before = performance.now();
      expect(write('{ bikes { color } }', { bikes: bikes(20_000) }).messages).toHaveLength(20_000);
      expect(performance.now() - before).toBeLessThan(2_000);
    });
  });

  it('is not told beside ten fields that are: no more are told of one request', () => {
    const names = Array.from({ length: 11 }, (_, at) => `n${at}`);
    const told = names.slice(0, 10).map((name) => refused('bike', name));
    const query = `{ bike { ${names.map((name) => `${name}: note`).join(' ')} color } }`;
    expect(write(query, { bike: {} }, told)).toMatchObject({
      data: { bike: null },
      messages: told.map(() => 'refused'),
    });
    expect(write(query, { bike: {} }, told.slice(1)).messages).toHaveLength(10);
  });
});

describe('an object that is in several places', () => {
  const writeBikes = (bike: Record<string, unknown>) => {
    let read = 0;
    const repeated = Object.defineProperty({ ...bike }, 'note', { enumerable: true, get: () => `read ${(read += 1)}` });
    const written = write(
      '{ bikes { color note } others { note } }',
      { bikes: [repeated, repeated], others: [repeated] },
      [],
      new Set([repeated]),
    );
    return { ...written, read };
  };

  it('is written once, but anew where something else is asked of it', () => {
    const once = { color: 'green', note: 'read 1' };
    expect(writeBikes({ color: 'green' })).toEqual({
      data: { bikes: [once, once], others: [{ note: 'read 2' }] },
      messages: [],
      read: 2,
    });
  });

  it('is told of in each when something is missing', () => {
    expect(writeBikes({}).messages).toEqual([missing, missing]);
    const repeated = { part: {} };
    const { data, messages } = write(
      '{ bikes { part { color } } }',
      { bikes: [repeated, repeated] },
      [],
      new Set([repeated]),
    );
    expect(data).toEqual({ bikes: [{ part: null }, { part: null }] });
    expect(messages).toEqual([missing, missing]);
  });
});
