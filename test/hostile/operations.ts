import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import type { Dice } from '../../cli/demo/dice.ts';

/** An operation that fits the schema, filled with values that may not. */
export interface RandomOperation {
  type: 'query' | 'mutation' | 'subscription';
  query: string;
  variables: Record<string, unknown>;
}

/** Text that a part on the way may misread, or give back changed. */
export const strangeTexts: readonly [string, ...string[]] = [
  '',
  ' ',
  '10',
  '10\r',
  '10\n',
  '\u0000',
  'a\u0000b',
  '\ud83d',
  '\ude00\ud83d',
  '😀',
  '\u202eabc',
  '\u2066abc\u2069',
  '\u200b',
  '\u3164',
  '\ufeff',
  '\uffff',
  'e\u0301',
  'é',
  '한글',
  '\u1112\u1161\u11ab',
  '$where',
  '{"$gt":""}',
  '__proto__',
  'constructor',
  'a.b.*.>',
  '../../etc/passwd',
  '=1+1',
  '"quoted"',
  "'; drop",
  '<script>alert(1)</script>',
  '%0d%0a',
  'x'.repeat(255),
  'x'.repeat(256),
  '한'.repeat(255),
  'x'.repeat(5_000),
];

const values: Record<string, readonly [unknown, ...unknown[]]> = {
  Int: [1, 2, 3, 0, -1, 200, 201, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 1.5, '1', true, [], {}],
  Float: [0, 1.5, -1, 1e308, 'NaN', null],
  Boolean: [true, false, 0, 'true'],
  Long: [
    1,
    1000,
    0,
    -1,
    1_000_001,
    2 ** 53 - 1,
    2 ** 53,
    '9223372036854775807',
    '9223372036854775808',
    '1e3',
    '',
    1.5,
    {},
  ],
  DateTime: [
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00+09:00',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999999Z',
    '+275760-09-13T00:00:00Z',
    '2016-12-31T23:59:60Z',
    '2026-01-01',
    'now',
    0,
    {},
  ],
  Cursor: ['', 'x', 'WzFd', 'WyJ4Il0', 'bnVsbA', '1.0', '-1', '9007199254740993.0', 5, {}, ['a'], 'x'.repeat(2_000)],
  String: strangeTexts,
  ID: [...strangeTexts, 5, 1.5, {}] as unknown as readonly [unknown, ...unknown[]],
};

/** Valid values, so that many operations pass validation. */
const good: Record<string, readonly [unknown, ...unknown[]]> = {
  Int: [1, 2, 3],
  Long: [1000, 2000],
  Boolean: [true, false],
  String: ['green', 'key-1', 'key-2', '한강', 'because'],
  ID: ['10', '11', 'mallory', 'boss'],
  DateTime: ['2026-01-01T00:00:00Z'],
  Cursor: [null],
};

const maxDepth = 4;

export function createOperations(schema: GraphQLSchema, dice: Dice) {
  const chance = (percent: number) => dice.below(100) < percent;
  /** Half of the operations are valid, so that they reach the database. */
  let wild = false;

  function value(type: GraphQLInputType, depth = 0): unknown {
    if (isNonNullType(type)) return wild && chance(2) ? null : value(type.ofType, depth);
    if (chance(8)) return null;
    if (isListType(type)) {
      if (wild && chance(5)) return value(type.ofType, depth + 1);
      return Array.from({ length: dice.pick([0, 1, 2, 20]) }, () => value(type.ofType, depth + 1));
    }
    if (wild && chance(2)) return dice.pick<unknown>([5, 'x', [], {}, true, [[[[]]]], { a: { b: {} } }]);
    if (isEnumType(type)) {
      const [first = '', ...others] = type.getValues().map(({ name }) => name);
      return wild && chance(3)
        ? dice.pick<unknown>([1, '', 'NONE', first.toLowerCase()])
        : dice.pick([first, ...others]);
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || chance(60));
      const filled = Object.fromEntries(fields.map((field) => [field.name, value(field.type, depth + 1)]));
      return wild && chance(2) ? { ...filled, extra: 1 } : filled;
    }
    const any = values[type.name] ?? [null];
    return dice.pick(wild && chance(40) ? any : (good[type.name] ?? any));
  }

  function call(
    field: GraphQLField<unknown, unknown>,
    variables: Record<string, unknown>,
    definitions: string[],
  ): string {
    const given = field.args.filter(({ type }) => isNonNullType(type) || chance(50));
    if (given.length === 0) return field.name;
    const text = given.map(({ name, type }) => {
      const variable = `v${definitions.length}`;
      definitions.push(`$${variable}: ${String(type)}`);
      variables[variable] = value(type);
      return `${name}: $${variable}`;
    });
    return `${field.name}(${text.join(', ')})`;
  }

  function selection(
    type: GraphQLOutputType,
    depth: number,
    variables: Record<string, unknown>,
    definitions: string[],
  ): string {
    const named = getNamedType(type);
    if (isLeafType(named)) return '';
    if (!isObjectType(named) && !isInterfaceType(named)) return '{ __typename }';
    const fields = Object.values(named.getFields()).filter(
      (field) => depth < maxDepth || isLeafType(getNamedType(field.type)),
    );
    const chosen = fields.filter(() => chance(fields.length > 8 ? 25 : 50));
    const texts = chosen.map((field) => {
      const alias = chance(10) ? `a${dice.below(5)}: ` : '';
      const directive = chance(5) ? ` @${dice.pick(['skip', 'include'])}(if: ${dice.pick(['true', 'false'])})` : '';
      return `${alias}${call(field, variables, definitions)}${directive} ${selection(field.type, depth + 1, variables, definitions)}`;
    });
    const inline = chance(10) ? ` ... on ${named.name} { __typename }` : '';
    return `{ __typename ${texts.join(' ')}${inline} }`;
  }

  function rootOf(type: RandomOperation['type']): GraphQLObjectType | undefined | null {
    if (type === 'query') return schema.getQueryType();
    return type === 'mutation' ? schema.getMutationType() : schema.getSubscriptionType();
  }

  return {
    operation(): RandomOperation {
      wild = chance(50);
      const type = dice.pick(['query', 'query', 'query', 'mutation', 'mutation', 'subscription'] as const);
      const fields = Object.values(rootOf(type)?.getFields() ?? {});
      const variables: Record<string, unknown> = {};
      const definitions: string[] = [];
      const roots = Array.from({ length: type === 'subscription' ? 1 : dice.pick([1, 1, 2, 4]) }, (_, index) => {
        const field = fields[dice.below(fields.length)];
        return field
          ? `r${index}: ${call(field, variables, definitions)} ${selection(field.type, 1, variables, definitions)}`
          : '';
      });
      const head = definitions.length > 0 ? `(${definitions.join(', ')})` : '';
      return { type, query: `${type} ${chance(20) ? 'Fuzz' : ''}${head} { ${roots.join(' ')} }`, variables };
    },
  };
}

/** The text with a mutation: what an almost correct program would send. */
export function mutated(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1);
  const piece = dice.pick([
    '{',
    '}',
    '(',
    ')',
    '"',
    '...',
    '@',
    '$',
    '#',
    '\\',
    '\u0000',
    '\ud83d',
    'null',
    '9'.repeat(400),
    text.slice(at, at + 50),
  ]);
  return text.slice(0, at) + (dice.below(2) === 0 ? piece : '') + text.slice(at + dice.below(8));
}
