import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, isInputObjectType, isNonNullType } from 'graphql';

const api = buildSchema(readFileSync(new URL('./client/generated/api.graphql', import.meta.url), 'utf8'));

describe('a field of an input that has a default', () => {
  it('takes no null: a null that is sent would come in place of the default', () => {
    const withDefault = Object.values(api.getTypeMap())
      .filter(isInputObjectType)
      .flatMap((input) => Object.values(input.getFields()).map((field) => ({ input: input.name, field })))
      .filter(({ field }) => field.defaultValue !== undefined);
    expect(withDefault.length).toBeGreaterThan(0);
    const nullable = withDefault.filter(({ field }) => !isNonNullType(field.type));
    expect(nullable.map(({ input, field }) => `${input}.${field.name}`)).toEqual([]);
  });
});
