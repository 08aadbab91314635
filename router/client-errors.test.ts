import { describe, expect, it } from '@jest/globals';
import { buildSchema, getVariableValues, parse, type OperationDefinitionNode } from 'graphql';
import { createLogger } from '../platform/server/index.ts';
import { createErrorFormatter, routerError } from './client-errors.ts';

const format = createErrorFormatter(createLogger('silent', 'test'));
const told = (message: string) => format(routerError('BAD_USER_INPUT', message)).message;

const schema = buildSchema('type Query { ride(from: Int): Int }');
const operation = parse('query ($from: Int) { ride(from: $from) }').definitions[0] as OperationDefinitionNode;
/** What GraphQL says of a value that is no Int. */
const saidOf = (from: string) =>
  getVariableValues(schema, operation.variableDefinitions ?? [], { from }).errors?.[0]?.message ?? '';

describe('the message of an error', () => {
  it('is told as it is', () => {
    expect(told(saidOf('noon'))).toBe(
      'Variable "$from" got invalid value "noon"; Int cannot represent non-integer value: "noon"',
    );
    expect(told('a'.repeat(1_000))).toBe('a'.repeat(1_000));
  });

  it('is short, however long the value that it quotes, and still says of which one, and what is wrong', () => {
    const value = 'x'.repeat(400_000);
    const message = told(`Variable "$from" got invalid value "${value}" at "from.time"; Expected type "DateTime".`);
    expect(message.length).toBeLessThan(1_010);
    expect(message).toMatch(
      /^Variable "\$from" got invalid value "x+ … x+" at "from\.time"; Expected type "DateTime"\.$/,
    );
    expect(told(saidOf(value)).length).toBeLessThan(1_010);
  });

  it('has no half characters where it was cut, nor any that control a terminal', () => {
    const message = told(`\u001b[31m${'🚲'.repeat(1_000)}.\u001b`);
    expect(message.isWellFormed()).toBe(true);
    expect(message).not.toMatch(/\p{Cc}/u);
  });
});
