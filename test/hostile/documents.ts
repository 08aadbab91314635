import {
  GraphQLScalarType,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';
import type { Dice } from '../../cli/demo/dice.ts';

/** A request that is wrong or too much in itself, on any transport. */
export interface HostileRequest {
  what: string;
  query: string;
  variables?: unknown;
  operationName?: unknown;
}

const nested = (depth: number, open: string, inner: string, close: string) =>
  open.repeat(depth) + inner + close.repeat(depth);

/** Fragments that each spread the next one this many times; `leaf` is the selection of the last one. */
function fragmentBomb(type: string, levels: number, times: number, leaf: string, root: string): string {
  const spreads = (level: number) => Array.from({ length: times }, () => `...f${level}`).join(' ');
  const fragments = Array.from(
    { length: levels },
    (_, level) => `fragment f${level} on ${type} { ${level + 1 < levels ? spreads(level + 1) : leaf} }`,
  );
  return `{ ${root.replace('…', '...f0')} } ${fragments.join(' ')}`;
}

/** Query fields with arguments, with a value in every input position of each argument's type. */
function everyArgument(schema: GraphQLSchema, value: (typeName: string) => string): HostileRequest[] {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  return fields.flatMap((field) =>
    field.args.map((argument) => {
      const named = getNamedType(argument.type);
      const inner = isInputObjectType(named)
        ? `{ ${Object.values(named.getFields())
            .map((input) => `${input.name}: ${value(getNamedType(input.type).name)}`)
            .join(', ')} }`
        : value(named.name);
      return { what: `${field.name}(${argument.name}:)`, query: `{ ${call(field, argument.name, inner)} }` };
    }),
  );
}

function call(field: GraphQLField<unknown, unknown>, argument: string, literal: string): string {
  const others = field.args
    .filter(({ name, type }) => name !== argument && isNonNullType(type))
    .map(({ name }) => `${name}: 1`);
  const type = getNamedType(field.type);
  const selection = type instanceof GraphQLScalarType ? '' : '{ __typename }';
  return `${field.name}(${[...others, `${argument}: ${literal}`].join(', ')}) ${selection}`;
}

/** Every kind of document that costs more than it seems, with random sizes. */
export function hostileDocuments(schema: GraphQLSchema, dice: Dice): HostileRequest[] {
  const depth = dice.pick([22, 25, 60, 200, 500, 1_000, 3_000]);
  const wide = dice.pick([200, 500, 1_000, 1_400]);
  const levels = dice.pick([5, 6, 8, 12, 20]);
  const fan = dice.pick([3, 5, 8]);
  const name = 'n'.repeat(dice.pick([65, 300, 5_000, 30_000]));
  const listArguments = Object.values(schema.getQueryType()?.getFields() ?? {}).flatMap((field) =>
    field.args
      .filter(({ type }) => isListType(type) || isInputObjectType(getNamedType(type)))
      .map(({ name: argument }) => ({ field, argument })),
  );
  return [
    ...everyArgument(schema, () => nested(depth, '[', '', ']')).map((request) => ({
      ...request,
      what: `lists nested ${depth} deep in ${request.what}`,
    })),
    ...everyArgument(schema, () => nested(depth, '{ a: ', '1', ' }')).map((request) => ({
      ...request,
      what: `objects nested ${depth} deep in ${request.what}`,
    })),
    ...everyArgument(schema, () => `[${'[1],'.repeat(wide)}]`).map((request) => ({
      ...request,
      what: `${wide} lists in ${request.what}`,
    })),
    ...listArguments.map(({ field, argument }) => ({
      what: `a default of nested lists for ${field.name}(${argument}:)`,
      query: `query ($v: ${nested(30, '[', 'Int', ']')} = ${nested(30, '[', '1', ']')}) { ${call(field, argument, '$v')} }`,
    })),
    {
      what: `fragments: ${levels} levels of ${fan}`,
      query: fragmentBomb('Query', levels, fan, 'serverTime __typename', '…'),
    },
    {
      what: `fragments on a type: ${levels} levels of ${fan}`,
      query: fragmentBomb('Bike', levels, fan, 'bikeId', 'bike(bikeId: 1) { … }'),
    },
    {
      what: `fragments × introspection: ${levels} levels of ${fan}`,
      query: fragmentBomb('__Type', levels, fan, 'name', '__schema { types { … } }'),
    },
    {
      what: `fragments × fields: ${levels} levels`,
      query: fragmentBomb('__Type', levels, 1, 'name', '__schema { types { … } }').replaceAll(
        /on __Type \{ (\.\.\.f\d+)/g,
        'on __Type { fields { type { $1 } } possibleTypes { $1 } interfaces { $1 }',
      ),
    },
    {
      what: 'a fragment that spreads itself',
      query: '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
    },
    {
      what: `introspection ${depth} deep`,
      query: `{ __schema { types { ${nested(Math.min(depth, 200), 'fields { type { ', 'name', ' } }')} } } }`,
    },
    {
      what: `__type ofType ${depth} deep`,
      query: `{ __type(name: "Query") { ${nested(depth, 'ofType { ', 'name', ' }')} } }`,
    },
    {
      what: `${wide} aliases of introspection`,
      query: `{ ${Array.from({ length: Math.min(wide, 400) }, (_, n) => `a${n}: __schema { types { name } }`).join(' ')} }`,
    },
    { what: `${wide} equal fields`, query: `{ ${'__typename '.repeat(wide)} }` },
    {
      what: `${wide} equal fields below each other`,
      query: `{ ${'bikes { nodes { bikeId color } } '.repeat(Math.floor(wide / 4))} }`,
    },
    {
      what: `${wide} aliases of a field`,
      query: `{ ${Array.from({ length: wide }, (_, n) => `a${n}: __typename`).join(' ')} }`,
    },
    {
      what: 'aliases of an expensive field',
      query: `{ ${Array.from({ length: 150 }, (_, n) => `a${n}: bikes(first: 200) { nodes { bikeId isAvailable } }`).join(' ')} }`,
    },
    {
      what: 'aliases of an expensive field by a variable',
      query: `query ($n: Int) { ${Array.from({ length: 150 }, (_, n) => `a${n}: bikes(first: $n) { nodes { bikeId isAvailable } }`).join(' ')} }`,
      variables: { n: 200 },
    },
    {
      what: 'entities below each other',
      query:
        '{ bikes(first: 200) { nodes { reservations(first: 200) { nodes { bike { reservations(first: 200) { nodes { user { reservations(first: 200) { nodes { reserveNo } } } } } } } } } } }',
    },
    { what: `${wide} directives`, query: `{ __typename ${'@skip(if: false) '.repeat(Math.min(wide, 800))} }` },
    { what: `${wide} unknown directives`, query: `{ __typename ${'@a '.repeat(wide)} }` },
    { what: `${wide} unknown fields`, query: `{ ${Array.from({ length: wide }, (_, n) => `bikez${n}`).join(' ')} }` },
    {
      what: `${wide} unknown arguments`,
      query: `{ bikes(${Array.from({ length: wide }, (_, n) => `firts${n}: 1`).join(' ')}) { nodes { bikeId } } }`,
    },
    {
      what: `${wide} variables`,
      query: `query (${Array.from({ length: wide }, (_, n) => `$v${n}: Int`).join(' ')}) { __typename }`,
    },
    {
      what: `${wide} operations`,
      query: Array.from({ length: Math.min(wide, 800) }, (_, n) => `query q${n} { __typename }`).join(' '),
    },
    {
      what: `${wide} fragments that nothing uses`,
      query: `{ __typename } ${Array.from({ length: Math.min(wide, 500) }, (_, n) => `fragment f${n} on Query { __typename }`).join(' ')}`,
    },
    {
      what: `${levels} fragments that nothing uses, each of which spreads the next ${fan} times`,
      query: `{ __typename } ${fragmentBomb('Bike', levels, fan, 'bikeId', '…').replace(/^.*?\} /, '')}`,
    },
    {
      what: `a fragment that nothing uses, ${Math.min(depth, 400)} deep`,
      query: `{ __typename } fragment f on Bike { ${nested(Math.min(depth, 400), 'currentReservation { bike { ', 'bikeId', ' } }')} }`,
    },
    { what: 'a comment of a million letters', query: `{ __typename } #${'x'.repeat(1_000_000 - 40)}` },
    {
      what: 'a string of a million letters',
      query: `{ bikes(after: "${'x'.repeat(1_000_000 - 60)}") { nodes { bikeId } } }`,
    },
    { what: `an operation name of ${name.length}`, query: `query ${name} { __typename }`, operationName: name },
    { what: `an alias of ${name.length}`, query: `{ ${name}: __typename }` },
    {
      what: `an argument that is no cursor of ${name.length}`,
      query: `{ bikes(after: "${name}") { nodes { bikeId } } }`,
    },
    { what: 'a name that is none', query: '{ __typename }', operationName: { a: 1 } },
    { what: `braces ${depth} deep`, query: nested(depth, '{', 'a', '}') },
    { what: 'only braces that open', query: '{'.repeat(30_000) },
    { what: 'only brackets that open', query: `{ bikes(after: ${'['.repeat(30_000)}` },
    { what: 'block strings', query: `{ bikes(after: """${'\n    x'.repeat(5_000)}""") { nodes { bikeId } } }` },
    { what: 'half a character', query: '{ bikes(after: "\ud83d") { nodes { bikeId } } }' },
    { what: 'NUL', query: '{ bikes(after: "a\u0000b") { nodes { bikeId } } }' },
    ...hostileVariables(dice),
  ];
}

function hostileVariables(dice: Dice): HostileRequest[] {
  const query =
    'query ($filter: BikeFilter, $first: Int, $after: Cursor) { bikes(filter: $filter, first: $first, after: $after) { nodes { bikeId } } }';
  const list = 'query ($s: [ReserveStatus!]) { reservations(filter: { reserveStatus: $s }) { nodes { reserveNo } } }';
  const depth = dice.pick([10, 1_000, 100_000]);
  // Built as text, because JSON.stringify would run out of stack at this depth.
  const deep = (open: string, close: string) => ({ raw: nested(depth, open, '1', close) });
  const of = (what: string, text: string, variables: unknown): HostileRequest => ({ what, query: text, variables });
  return [
    of(`a variable of lists ${depth} deep`, query, { after: deep('[', ']') }),
    of(`a variable of objects ${depth} deep`, query, { filter: deep('{"a":', '}') }),
    of('200,000 wrong values in a list', list, { s: Array.from({ length: 200_000 }, () => 1) }),
    of('90,000 right values in a list', list, { s: Array.from({ length: 90_000 }, () => 'RESERVED') }),
    of('100,000 variables', query, Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`v${n}`, n]))),
    of('an input with 50,000 fields', query, {
      filter: Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`f${n}`, n])),
    }),
    of('a wrong value of a million letters', query, { first: 'x'.repeat(900_000) }),
    of('a cursor of a million letters', query, { after: 'x'.repeat(900_000) }),
    of('variables that are a list', query, [1, 2]),
    of('variables that are text', query, 'x'.repeat(10_000)),
    ...[null, 5, 1.5, true, {}, [], [null], '', '\ud83d', '__proto__', 1e308, -0].map((value) =>
      of(`a cursor that is ${JSON.stringify(value)}`, query, { after: value }),
    ),
    ...[null, 5e10, 1.5, true, {}, [], '5', -1, 0, 201, 2 ** 31].map((value) =>
      of(`a page of ${JSON.stringify(value)}`, query, { first: value }),
    ),
  ];
}

/** The request as JSON; a value marked `raw` is copied as it is. */
export function bodyOf({ query, variables, operationName }: HostileRequest): string {
  const raw: string[] = [];
  const text = JSON.stringify({ query, variables, operationName }, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && 'raw' in value) {
      raw.push(String(value.raw));
      return '@raw@';
    }
    return value;
  });
  return raw.reduce((body, value) => body.replace('"@raw@"', () => value), text);
}
