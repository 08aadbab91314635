import { describe, expect, it } from '@jest/globals';
import { parseValue, type GraphQLScalarType } from 'graphql';
import { ContractError } from '../foundation/errors.ts';
import { Cursor, DateTime, Long } from './scalars.ts';

/** As a literal in a query. */
const literal = (scalar: GraphQLScalarType, text: string): unknown => scalar.parseLiteral(parseValue(text), {});

describe('a Long', () => {
  const limit = 2n ** 53n;
  const largest = 2n ** 63n - 1n;
  const smallest = -(2n ** 63n);

  it.each<[unknown, number | bigint]>([
    [0, 0],
    [-1000, -1000],
    [Number(limit) - 1, Number(limit) - 1],
    [1 - Number(limit), 1 - Number(limit)],
    ['3000', 3000],
    ['-3000', -3000],
    [String(limit - 1n), Number(limit) - 1],
    [String(limit), limit],
    [String(limit + 1n), limit + 1n],
    [String(-limit - 1n), -limit - 1n],
    [String(largest), largest],
    [String(smallest), smallest],
    [2n ** 60n, 2n ** 60n],
  ])('of %p is %p inside', (input, inside) => {
    expect(Long.parseValue(input)).toBe(inside);
  });

  it.each([
    1.5,
    -0.1,
    NaN,
    Infinity,
    Number(limit), // as a JSON number it may have been another one
    Number(limit) + 2,
    '1.5',
    '1e3',
    '',
    ' 1',
    '+1',
    '0x10',
    '초',
    true,
    null,
    undefined,
    {},
    [1],
    String(largest + 1n),
    String(smallest - 1n),
    largest + 1n,
    '9'.repeat(100),
  ])('is not %p', (input) => {
    expect(() => Long.parseValue(input)).toThrow(ContractError);
  });

  it('is shown as a number while exact, otherwise as a string', () => {
    expect(Long.serialize(8000)).toBe(8000);
    expect(Long.serialize(-1n)).toBe(-1);
    expect(Long.serialize(limit - 1n)).toBe(Number(limit) - 1);
    expect(Long.serialize(limit)).toBe('9007199254740992');
    expect(Long.serialize(limit + 1n)).toBe('9007199254740993');
    expect(Long.serialize(-limit - 1n)).toBe('-9007199254740993');
    expect(Long.serialize(Number(limit) + 2)).toBe('9007199254740994');
    expect(Long.serialize(2n ** 70n)).toBe(String(2n ** 70n));
    expect(Long.serialize(String(-(2n ** 63n) - 1n))).toBe('-9223372036854775809');
    for (const none of [0.5, NaN, Infinity, '', '1.5', 'x', true, {}]) expect(() => Long.serialize(none)).toThrow();
  });

  it('is written in a query as a whole number or a string', () => {
    expect(literal(Long, '3000')).toBe(3000);
    expect(literal(Long, '9007199254740993')).toBe(limit + 1n);
    expect(literal(Long, '"-9007199254740993"')).toBe(-limit - 1n);
    for (const text of ['1.0', '1e3', 'true', 'null', 'ONE', '[1]', '{a: 1}']) {
      expect(() => literal(Long, text)).toThrow(ContractError);
    }
  });

  it.each(['1.5', Number(limit) + 2, {}])('says how it is written, to who sends %j', (input) => {
    expect(() => Long.parseValue(input)).toThrow(
      'A Long is a whole number of up to 64 bits, as a string beyond 9007199254740991: as a JSON number it would not be exact.',
    );
  });
});

describe('a DateTime', () => {
  it.each([
    ['2026-11-23T09:00:00+09:00', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T00:00:00Z', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T00:00:00.5-00:30', '2026-11-23T00:30:00.500Z'],
    ['2028-02-29T23:59:59.999Z', '2028-02-29T23:59:59.999Z'],
    ['2026-11-23T00:00:00.123456Z', '2026-11-23T00:00:00.123Z'],
  ])('of %s is %s inside', (input, inside) => {
    expect(DateTime.parseValue(input)).toBe(inside);
    expect(literal(DateTime, JSON.stringify(input))).toBe(inside);
  });

  it.each([
    '2026-11-23',
    '2026-11-23T09:00:00',
    '2026-11-23 09:00:00Z',
    '2026-11-23T09:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-32T00:00:00Z',
    '2026-11-23T25:00:00Z',
    '2026-11-23T24:00:00Z',
    '2016-12-31T23:59:60Z',
    '2026-11-23T09:00:00+24:00',
    '2026-11-23T09:00:00+09:60',
    '2026-11-23T09:00:00.1234567890Z',
    '2026-11-23T09:00:00+9',
    '+012026-11-23T09:00:00Z',
    'yesterday',
    '',
    0,
    1_795_424_400_000,
    null,
    undefined,
    true,
    {},
  ])('is not %p', (input) => {
    expect(() => DateTime.parseValue(input)).toThrow(ContractError);
  });

  // JavaScript's Date would make another day of it. A time past the year 9999 is not RFC 3339, and breaks every event.
  it.each(['2026-02-30T00:00:00Z', '2026-02-29T00:00:00+09:00', '2026-04-31T00:00:00Z', '9999-12-31T23:59:59-01:00'])(
    'is not %p, a day that the calendar does not have',
    (input) => {
      expect(() => DateTime.parseValue(input)).toThrow(ContractError);
    },
  );

  it('is text in a query and nothing else', () => {
    for (const text of ['2026', 'true', 'null']) expect(() => literal(DateTime, text)).toThrow(ContractError);
  });

  it('is shown in UTC', () => {
    expect(DateTime.serialize(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
    expect(DateTime.serialize('2026-11-23T00:00:00.000Z')).toBe('2026-11-23T00:00:00.000Z');
  });
});

describe('a Cursor', () => {
  it.each(['x', 'c7', 'WyIyMDI2IiwxXQ', '1.0', 'a'.repeat(8_192)])('is text that was given: %.20s', (text) => {
    expect(Cursor.parseValue(text)).toBe(text);
    expect(literal(Cursor, JSON.stringify(text))).toBe(text);
    expect(Cursor.serialize(text)).toBe(text);
  });

  it.each([5, 1.5, true, null, {}, [], ['x'], { $gt: '' }, '', ' ', 'a b', 'a\n', 'é', '\ud800', 'a'.repeat(8_193)])(
    'is not %.40p',
    (value) => expect(() => Cursor.parseValue(value)).toThrow(ContractError),
  );

  it.each(['5', '1.5', 'true', 'null', 'X', '{}', '[]', '["x"]', '[[["x"]]]', '{ a: "x" }', '""'])(
    'is not the literal %s',
    (text) => expect(() => literal(Cursor, text)).toThrow(ContractError),
  );
});
