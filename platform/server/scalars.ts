import { GraphQLScalarType, Kind } from 'graphql';
import { ContractError } from '../foundation/errors.ts';

const largestLong = 2n ** 63n - 1n;
const smallestLong = -(2n ** 63n);

/** A whole number of up to 64 bits: a JSON number while exact, otherwise a string. In code, a number or a bigint. */
export const Long = new GraphQLScalarType<number | bigint, number | string>({
  name: 'Long',
  extensions: { jsonSchema: { type: ['integer', 'string'], pattern: '^-?\\d{1,19}$' } },
  // What is stored must be shown, even a sum or an old number that no client could send.
  serialize: (value) => {
    const whole = toWhole(value);
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : String(whole);
  },
  parseValue: toLong,
  parseLiteral: (node) => {
    if (node.kind === Kind.INT || node.kind === Kind.STRING) return toLong(node.value);
    throw new ContractError('A Long is a whole number.');
  },
});

function toWhole(value: unknown): bigint {
  const isWhole =
    typeof value === 'bigint' || Number.isInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value));
  if (isWhole) return BigInt(value as bigint | number | string);
  throw new TypeError(`A Long is a whole number, not ${JSON.stringify(String(value)).slice(0, 40)}.`);
}

function toLong(value: unknown): number | bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'bigint' || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))) {
    const whole = BigInt(value);
    if (whole >= smallestLong && whole <= largestLong) {
      return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
    }
  }
  // GraphQL itself quotes the value.
  throw new ContractError(
    `A Long is a whole number of up to 64 bits, as a string beyond ${Number.MAX_SAFE_INTEGER}: as a JSON number it would not be exact.`,
  );
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339 with offset, in and out; inside it is text in UTC. */
export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  extensions: { jsonSchema: { type: 'string', format: 'date-time' } },
  serialize: (value) => (value instanceof Date ? value.toISOString() : String(value)),
  parseValue: toDateTime,
  parseLiteral: (node) => toDateTime(node.kind === Kind.STRING ? node.value : undefined),
});

function toDateTime(value: unknown): string {
  const [text, year, month, day] = (typeof value === 'string' && rfc3339.exec(value)) || [];
  const time = new Date(text ?? NaN);
  if (!Number.isNaN(time.getTime()) && hasDay(Number(year), Number(month), Number(day))) {
    const utc = time.toISOString();
    // An offset can move the last hours of the year 9999 into a year that RFC 3339 cannot express.
    if (/^\d{4}-/.test(utc)) return utc;
  }
  throw new ContractError('A DateTime is RFC 3339 with offset, e.g. 2026-11-23T09:00:00+09:00.');
}

/** JavaScript reads 30 February as 2 March. */
function hasDay(year: number, month: number, day: number): boolean {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

/** A cursor holds the values of a row, encoded: visible ASCII, and some kilobytes at most. */
const cursorForm = /^[\x21-\x7e]{1,8192}$/;

/** An opaque place in a list or a feed: text without spaces. */
export const Cursor = new GraphQLScalarType<string, string>({
  name: 'Cursor',
  extensions: { jsonSchema: { type: 'string' } },
  serialize: String,
  parseValue: toCursor,
  parseLiteral: (node) => toCursor(node.kind === Kind.STRING ? node.value : undefined),
});

function toCursor(value: unknown): string {
  if (typeof value === 'string' && cursorForm.test(value)) return value;
  throw new ContractError('A Cursor is text that an earlier answer gave.');
}
