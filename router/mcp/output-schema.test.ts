import { describe, expect, it } from '@jest/globals';
import { Ajv } from '@modelcontextprotocol/client/validators/ajv';
import { buildSchema, execute, getOperationAST, GraphQLError, parse, validate, type GraphQLSchema } from 'graphql';
import { createDice } from '../../cli/demo/dice.ts';
import { fragmentsOf } from '../documents/conditions.ts';
import { randomOperation } from '../testing/differential/operations.ts';
import { randomSupergraph } from '../testing/differential/supergraphs.ts';
import { startFederation } from '../testing/federation.ts';
import { outputSchemaOf } from './output-schema.ts';

// Fields may be called `toString`.
const ajv = new Ajv({ strict: true, allowUnionTypes: true, ownProperties: true });

function fitsOf(text: string, schema: GraphQLSchema) {
  const document = parse(text, { noLocation: true });
  const operation = getOperationAST(document);
  if (!operation) throw new Error('There is no operation.');
  return ajv.compile(outputSchemaOf(operation, fragmentsOf(document), schema));
}

describe('the schema of what an operation is answered with', () => {
  it('lets pass every answer', async () => {
    let answers = 0;
    let withErrors = 0;
    for (let seed = 1; seed <= 6; seed += 1) {
      const dice = createDice(seed);
      const federation = startFederation(randomSupergraph(dice));
      const { schema } = federation.graph;
      for (let tried = 0; tried < 60; tried += 1) {
        const { query, variables } = randomOperation(schema, dice);
        if (validate(schema, parse(query)).length > 0) continue;
        const answer = await federation.monolith(query, variables);
        const fits = fitsOf(query, schema);
        fits(answer);
        expect({ query, variables, answer, wrong: fits.errors }).toEqual({ query, variables, answer, wrong: null });
        answers += 1;
        if (answer.errors.length > 0) withErrors += 1;
      }
    }
    expect(answers).toBeGreaterThan(100);
    expect(withErrors).toBeGreaterThan(10);
  });

  const schema = buildSchema(`
    scalar Any
    enum Colour { RED GREEN }
    interface Thing { id: ID! }
    type Bike implements Thing { id: ID! colour: Colour size: Size any: Any }
    type Dock implements Thing { id: ID! size: Int bikes: [Bike!]! }
    type Size { h: Int w: Float }
    type Query { things: [Thing!] dock: Dock }`);
  const query = `query ($no: Boolean!) {
    dock { __typename bikes { id colour at: size { h } size @skip(if: $no) { h } } }
    things { ... on Bike { x: size { h w } id } ... on Dock { x: size ...D } any: id } }
    fragment D on Dock { id size }`;
  const bike = { id: '1', colour: 'RED', at: { h: 1 } };
  const dock = { __typename: 'Dock', bikes: [bike] };

  it.each<[string, unknown, boolean]>([
    ['an answer', { dock, things: [] }, true],
    ['nothing', null, true],
    ['nulls', { dock: { __typename: 'Dock', bikes: [{ ...bike, colour: null, at: null }] }, things: null }, true],
    ['a conditional field', { dock: { ...dock, bikes: [{ ...bike, size: null }] }, things: null }, true],
    [
      'different fields of members',
      {
        dock: null,
        things: [
          { x: 1, any: '1' },
          { x: { h: 1, w: 1.5 }, any: '2' },
        ],
      },
      true,
    ],
    ['no field of the root', { dock }, false],
    ['no field of an object', { dock: { bikes: [bike] }, things: null }, false],
    ['null where none may be', { dock: { __typename: 'Dock', bikes: [null] }, things: null }, false],
    ['another type', { dock: { __typename: 'Dock', bikes: [{ ...bike, id: 1 }] }, things: null }, false],
    ['another value of an enum', { dock: { ...dock, bikes: [{ ...bike, colour: 'BLUE' }] }, things: null }, false],
    ['another value of a member', { dock: null, things: [{ x: 'small', any: '1' }] }, false],
    ['a list for one', { dock: [dock], things: null }, false],
  ])('says of %s whether it may be', (_what, data, may) => {
    expect(fitsOf(query, schema)({ data })).toBe(may);
  });

  it('lets pass what is refused before it runs', async () => {
    const { errors } = await execute({ schema, document: parse(query), variableValues: {} });
    expect(fitsOf(query, schema)(JSON.parse(JSON.stringify({ errors })))).toBe(true);
    expect(fitsOf(query, schema)({ errors: [new GraphQLError('no').toJSON(), {}] })).toBe(false);
  });
});
