import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
} from 'graphql';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

const api = readFileSync(new URL('../../schema/client/generated/api.graphql', import.meta.url), 'utf8');
const schema = buildSchema(api);

const cursor = (text: string) => Buffer.from(text).toString('base64url');

/** Invalid input for arguments of any type; extreme values of the type itself are added. */
const oddValues: unknown[] = [
  null,
  ...[true, 0, -1, 5, 1.5, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53],
  ...['', 'x', '9223372036854775807', '-9223372036854775808', '9223372036854775808'],
  ...[[], [[]], [null], {}, { $gt: '' }, { __proto__: null, a: 1 }],
];
/** Where a text belongs: times and cursors that are none. Elsewhere one text is as wrong as another. */
const oddTexts: string[] = [
  ...['0000-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59-23:59', '275760-09-13T00:00:00Z'],
  ...['2016-12-31T23:59:60Z', '2026-02-30T00:00:00Z', '2026-11-23T24:00:00Z'],
  ...['[]', '[1]', '["a"]', '["2026","a"]', '[null]', '[{}]', '[1e999]', '{"$gt":""}', '[', '["0","bike","x"]'].map(
    cursor,
  ),
];

/** A valid value, so that the requested object exists. */
function ordinary(type: GraphQLInputType, name: string): unknown {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [ordinary(nullable.ofType, name)];
  if (isInputObjectType(nullable)) {
    const required = Object.values(nullable.getFields()).filter((field) => isNonNullType(field.type));
    return Object.fromEntries(required.map((field) => [field.name, ordinary(field.type, field.name)]));
  }
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name;
  if (nullable.name === 'Int' || nullable.name === 'Long') return 1;
  if (nullable.name === 'DateTime') return '2026-11-23T09:00:00Z';
  return name === 'userId' ? 'user' : 'x';
}

/** A field with arguments, and the way to it from the root: fields whose arguments have ordinary values. */
interface Asked {
  root: 'query' | 'mutation';
  way: Step[];
  field: GraphQLField<unknown, unknown>;
}

interface Step {
  field: GraphQLField<unknown, unknown>;
}

/** Every field with arguments, once, by the shortest way. */
function fieldsWithArguments(): Asked[] {
  const found: Asked[] = [];
  const seen = new Set<string>();
  const queue: { root: Asked['root']; type: GraphQLObjectType; way: Step[] }[] = [];
  const query = schema.getQueryType();
  const mutation = schema.getMutationType();
  if (query) queue.push({ root: 'query', type: query, way: [] });
  if (mutation) queue.push({ root: 'mutation', type: mutation, way: [] });
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { root, type, way } = next;
    if (seen.has(type.name)) continue;
    seen.add(type.name);
    for (const field of Object.values(type.getFields())) {
      if (field.args.length > 0) found.push({ root, way, field });
      const result = getNamedType(field.type);
      if (isObjectType(result)) queue.push({ root, type: result, way: [...way, { field }] });
    }
  }
  return found;
}

/** Where a value can be placed in an argument: the argument itself, and each field of its inputs. */
interface Place {
  path: string[];
  type: GraphQLInputType;
}

function placesIn(type: GraphQLInputType, path: string[] = []): Place[] {
  const nullable = getNullableType(type);
  const here = { path, type: nullable };
  if (isListType(nullable)) return [here, ...placesIn(nullable.ofType, [...path, '0'])];
  if (!isInputObjectType(nullable)) return [here];
  return [here, ...Object.values(nullable.getFields()).flatMap((field) => placesIn(field.type, [...path, field.name]))];
}

const takesText = (type: GraphQLInputType) =>
  isScalarType(type) && !['Int', 'Long', 'Float', 'Boolean'].includes(type.name);

function put(target: unknown, [step, ...rest]: string[], value: unknown): unknown {
  if (step === undefined) return value;
  const inner = (target as Record<string, unknown> | undefined)?.[step];
  const changed = put(inner, rest, value);
  return step === '0' ? [changed] : { ...(target as object | undefined), [step]: changed };
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, item]) => `${name.replace('$', '_')}: ${literal(item)}`);
    return `{ ${entries.join(', ')} }`;
  }
  return JSON.stringify(value);
}

const selectionOf = ({ type }: GraphQLField<unknown, unknown>) =>
  isCompositeType(getNamedType(type)) ? ' { __typename }' : '';

/** Enum values are not quoted in a document. */
function bare(text: string): string {
  return text.replace(/"([A-Z][A-Z_]+)"/g, '$1');
}

function ordinaries(args: readonly GraphQLArgument[], but?: string): string {
  const given = args.filter(({ name, type }) => name !== but && isNonNullType(type));
  return given.map(({ name, type }) => `${name}: ${bare(literal(ordinary(type, name)))}`).join(', ');
}

function documentOf({ root, way, field }: Asked, argument: GraphQLArgument, value: string, variable = ''): string {
  const others = ordinaries(field.args, argument.name);
  const inner = `${field.name}(${[`${argument.name}: ${value}`, others].filter(Boolean).join(', ')})${selectionOf(field)}`;
  const outer = way.reduceRight((inside, step) => {
    const args = ordinaries(step.field.args);
    return `${step.field.name}${args && `(${args})`} { ${inside} }`;
  }, inner);
  return `${root} ${variable} { ${outer} }`;
}

describe('an argument of any field,', () => {
  let system: TestSystem;
  let token: string;

  beforeAll(async () => {
    system = await startSystem();
    const [bikeId = 0] = await registerBikes(system);
    const user = await rider(system, 'user');
    await user.buys(5000);
    await user.reserves(bikeId);
    token = await system.token('user', ['rider', 'operator', 'admin']);
  }, 240_000);
  afterAll(async () => {
    await checkInvariants(system);
    await system.close();
  }, 240_000);

  interface Answer {
    errors?: { message: string; extensions?: { code?: string } }[];
  }

  async function ask(body: { query: string; variables?: object }): Promise<string[]> {
    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const { errors = [] } = (await response.json()) as Answer;
    return errors.map(({ extensions, message }) => `${extensions?.code ?? 'NO CODE'}: ${message}`);
  }

  const fields = fieldsWithArguments();
  const named = fields.map((asked): [string, Asked] => [
    [asked.root, ...asked.way.map((step) => step.field.name), asked.field.name].join('.'),
    asked,
  ]);

  it.each(named)('%s, may be anything, and is answered or refused', async (_name, asked) => {
    const accidents: string[] = [];
    for (const argument of asked.field.args) {
      for (const { path, type } of placesIn(argument.type)) {
        await Promise.all(
          [...oddValues, ...(takesText(type) ? oddTexts : [])].map(async (odd) => {
            const value = put(ordinary(argument.type, argument.name), path, odd);
            const ways = [
              {
                query: documentOf(asked, argument, '$odd', `($odd: ${String(argument.type)})`),
                variables: { odd: value },
              },
              { query: documentOf(asked, argument, bare(literal(value))) },
            ];
            for (const body of ways) {
              const errors = await ask(body);
              const bad = errors.filter(
                (error) => !/^(BAD_USER_INPUT|GRAPHQL_\w+|CURSOR_EXPIRED|FORBIDDEN|QUERY_TOO_COMPLEX)/.test(error),
              );
              if (bad.length > 0) accidents.push(`${JSON.stringify(body)}: ${bad.join('; ')}`);
            }
          }),
        );
      }
    }
    expect(accidents).toEqual([]);
  });

  it('whose default holds is as good as left out when it is null', async () => {
    const withNull = '{ dashboard { reservations(orderBy: null, first: null, after: null) { nodes { reserveNo } } } }';
    expect(await ask({ query: withNull })).toEqual([]);
    expect(await ask({ query: '{ bikes(first: null, filter: null) { nodes { bikeId } } }' })).toEqual([]);
    expect(await ask({ query: '{ dashboard { series(minutes: null) { requested } } }' })).toEqual([]);
  });

  it.each(['5', '{}', '[]', 'true', '"x"', `"${cursor('["a"]')}"`])('as a cursor of %s is bad input', async (after) => {
    expect(await ask({ query: `{ bikes(after: ${after}) { nodes { bikeId } } }` })).toEqual([
      expect.stringMatching(/^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)/),
    ]);
  });
});
