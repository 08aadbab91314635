import { describe, expect, it } from '@jest/globals';
import { Ajv } from '@modelcontextprotocol/client/validators/ajv';
import fc, { type Arbitrary } from 'fast-check';
import { buildSchema, getVariableValues, Kind, parse } from 'graphql';
import { DateTime, Long } from '../../platform/server/index.ts';
import { inputSchemaOf } from './input-schema.ts';

const names = ['Int', 'Float', 'String', 'ID', 'Boolean', 'Colour', 'Anything', 'Inner', 'One'];

/** A type of the schema, with any lists and non-nulls around it. */
const typeText = fc
  .tuple(fc.constantFrom(...names), fc.array(fc.constantFrom('!', '[]'), { maxLength: 4 }))
  .map(([name, around]) =>
    around.reduce((text, each) => (each === '[]' ? `[${text}]` : text.endsWith('!') ? text : `${text}!`), name),
  );

const nullable = typeText.map((text) => text.replace(/!$/, ''));

/** Inputs that contain each other, one field of which is preset; a @oneOf takes no field that is not null. */
const definitions = fc.tuple(typeText, nullable, nullable, nullable, fc.boolean()).map(
  ([any, inner, one, other, isPreset]) => `
      scalar Anything
      enum Colour { RED "As grass." GREEN }
      input Inner { a: ${any.replace(/\bInner\b|\bOne\b/g, 'Int')}  inner: ${inner}  count: Int! = 3 ${isPreset ? '' : 'flag: Boolean!'} }
      input One @oneOf { one: ${one}  other: ${other} }
      type Query { unused(int: Int float: Float text: String id: ID is: Boolean colour: Colour any: Anything inner: Inner one: One): Int }`,
);

/** JSON with many of the words that the types know. */
const value: Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, 1, -1.5, 2 ** 40, 'RED', 'BLUE', '7', '', true),
    fc.array(tie('any'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'inner', 'count', 'flag', 'one', 'other', 'x'), tie('any'), { maxKeys: 3 }),
  ),
})).any;

function operationWith(variables: string) {
  const [operation] = parse(`query Q(${variables}) { unused }`).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  return operation;
}

describe('the schema of what an operation takes', () => {
  it('lets pass what GraphQL takes, in the form that it reads it in, and nothing else', () => {
    const ajv = new Ajv({ strict: true, allowUnionTypes: true });
    const values = fc.array(fc.dictionary(fc.constant('v'), value, { maxKeys: 1 }), { minLength: 10, maxLength: 20 });
    let taken = 0;
    fc.assert(
      fc.property(definitions, typeText, values, (sdl, type, givens) => {
        const schema = buildSchema(sdl);
        const operation = operationWith(`$v: ${type}`);
        const fits = ajv.compile(inputSchemaOf(operation, schema));
        for (const given of givens) {
          const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], given);
          if (fits(given)) expect([sdl, type, given, coerced]).toEqual([sdl, type, given, expect.anything()]);
          if (!coerced) continue;
          taken += 1;
          fits(coerced);
          expect([sdl, type, given, coerced, fits.errors]).toEqual([sdl, type, given, coerced, null]);
        }
      }),
      { numRuns: 200 },
    );
    expect(taken).toBeGreaterThan(300);
  });

  it('says what scalars are whose rules are known', () => {
    const schema = buildSchema(
      '"A time." scalar DateTime scalar Long type Query { unused(at: DateTime long: Long): Int }',
    );
    for (const scalar of [DateTime, Long])
      Object.assign(schema.getType(scalar.name) ?? {}, { extensions: scalar.extensions });
    const { properties } = inputSchemaOf(
      operationWith('$at: DateTime!, $long: Long'),
      schema,
      new Map([['long', 'How long.']]),
    );
    expect(properties).toEqual({
      at: { type: 'string', format: 'date-time', description: 'A time.' },
      long: { type: ['integer', 'string', 'null'], pattern: '^-?\\d{1,19}$', description: 'How long.' },
    });
  });
});
