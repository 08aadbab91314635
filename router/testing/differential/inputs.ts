import {
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLArgument,
  type GraphQLInputType,
} from 'graphql';
import type { Dice } from '../../../cli/demo/dice.ts';

/** What arguments may be of, as each subgraph declares it. */
export const inputTypes = `
  scalar Any
  enum Color { RED GREEN }
  input In { a: Int = 2 b: [String!] c: Color = GREEN in: In }
  input One @oneOf { n: Int s: String in: In }`;

/** Arguments of every kind; a field has some of them. */
export const possibleArguments = [
  ...['n: Int = 1', 's: String', 'c: Color', 'f: Float', 'b: Boolean = true', 'd: ID', 'x: Any', 'in: In', 'one: One'],
  ...['l: [[Int!]]', 'cs: [Color!] = [RED]', 'must: Int! = 4', 'ins: [In]'],
];

/** Names that planners, or JavaScript, take for their own. */
const oddNames = ['representations', '__batch_reps_0', 'toString', 'constructor', 'id', 'literal_0_'];

const strings: [string, ...string[]] = ['', 'x', 'two words', '"quoted"', '따릉이 🚲', '\\ \n', '$', 'literal_0_'];
const numbers: [number, ...number[]] = [0, -1, 7, 2_147_483_647];

/** Variables of one operation, and what a client sends for them. */
export interface Inputs {
  declared: string[];
  variables: Record<string, unknown>;
  /** What a field is given: `(n: 1, s: $s)`, or nothing. */
  argumentsFor(args: readonly GraphQLArgument[]): string;
  condition(): string;
}

export function createInputs(dice: Dice): Inputs {
  const declared: string[] = [];
  const variables: Record<string, unknown> = {};
  const names = new Set<string>();

  function declare(type: string, make: () => { literal: string; value: unknown }): string {
    const odd = dice.pick(oddNames) ?? '';
    const name = dice.chance(0.3) && !names.has(odd) ? odd : `v${names.size}`;
    names.add(name);
    const isStrict = type.endsWith('!');
    const byDefault = dice.chance(0.3) ? make().literal : undefined;
    declared.push(`$${name}: ${type}${byDefault === undefined ? '' : ` = ${byDefault}`}`);
    if ((isStrict && byDefault === undefined) || dice.chance(0.7)) variables[name] = make().value;
    return `$${name}`;
  }

  function random(type: GraphQLInputType, depth: number): { literal: string; value: unknown } {
    if (!isNonNullType(type) && dice.chance(0.1)) return { literal: 'null', value: null };
    const inner = getNullableType(type);
    if (isListType(inner)) {
      const items = Array.from({ length: dice.below(3) }, () => random(inner.ofType, depth));
      return { literal: `[${items.map(({ literal }) => literal).join(', ')}]`, value: items.map(({ value }) => value) };
    }
    if (isInputObjectType(inner)) {
      const all = Object.values(inner.getFields());
      const one = dice.pick(all);
      const chosen = inner.isOneOf ? (one ? [one] : []) : all.filter(() => depth < 3 && dice.chance(0.4));
      const parts = chosen.map((field) => {
        let made = random(field.type, depth + 1);
        // Of a @oneOf the one that is given must not be null.
        while (inner.isOneOf && made.value === null) made = random(field.type, depth + 1);
        return { name: field.name, ...made };
      });
      return {
        literal: `{ ${parts.map(({ name, literal }) => `${name}: ${literal}`).join(', ')} }`,
        value: Object.fromEntries(parts.map(({ name, value }) => [name, value])),
      };
    }
    const given = leaf(inner.toString(), isEnumType(inner));
    return typeof given === 'object' ? given : { literal: String(given), value: given };
  }

  function leaf(type: string, isEnum: boolean): number | boolean | { literal: string; value: unknown } {
    if (isEnum) {
      const value = dice.pick(['RED', 'GREEN']);
      return { literal: value, value };
    }
    if (type === 'Boolean') return dice.chance(0.5);
    if (type === 'Int') return dice.pick(numbers);
    if (type === 'Float') return dice.pick([1.5, -0.25, 3, 1e21]);
    const text = dice.pick(strings);
    const quoted = dice.chance(0.2) && !/["\\]/.test(text) ? `"""${text}"""` : JSON.stringify(text);
    const value = quoted.startsWith('"""') ? text.trim() : text;
    if (type !== 'Any' || dice.chance(0.5)) return { literal: quoted, value };
    return { literal: `{ a: [1, ${quoted}, null, true], b: {} }`, value: { a: [1, value, null, true], b: {} } };
  }

  return {
    declared,
    variables,
    argumentsFor(args) {
      const chosen = args.filter(() => dice.chance(0.4));
      const given = chosen.map(({ name, type }) => {
        const literal = () => random(type, 0);
        return `${name}: ${dice.chance(0.4) ? declare(String(type), literal) : literal().literal}`;
      });
      return given.length > 0 ? `(${given.join(', ')})` : '';
    },
    condition() {
      if (!dice.chance(0.15)) return '';
      const value = dice.chance(0.3) ? String(dice.chance(0.5)) : switchOf();
      return ` @${dice.chance(0.5) ? 'skip' : 'include'}(if: ${value})`;
    },
  };

  /** A few variables say what is asked for, in several places. */
  function switchOf(): string {
    const name = dice.chance(0.5) ? 'yes' : 'no';
    if (!names.has(name)) {
      names.add(name);
      declared.push(name === 'yes' ? '$yes: Boolean!' : '$no: Boolean = false');
      if (name === 'yes' || dice.chance(0.5)) variables[name] = dice.chance(0.5);
    }
    return `$${name}`;
  }
}
