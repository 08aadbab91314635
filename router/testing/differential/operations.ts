import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  type GraphQLCompositeType,
  type GraphQLSchema,
} from 'graphql';
import type { Dice } from '../../../cli/demo/dice.ts';
import { wholeNumber } from './supergraphs.ts';

const deepest = 4;
/** Names that are taken elsewhere: by keys, fields and planners. */
const aliases = ['id', 'f0', 'f1', 'r0', '__typename', 'toString', '_internal_qp_alias_0', 'x', 'y', 'z'];

export interface RandomOperation {
  query: string;
  variables: Record<string, unknown>;
}

/** An operation at random; it may not be valid, for its names may be in each other's way. */
export function randomOperation(schema: GraphQLSchema, dice: Dice): RandomOperation {
  const variables: Record<string, unknown> = {};
  const declared = ['$yes: Boolean!', '$no: Boolean = false', '$representations: Int', '$s: String = "$"'];
  variables['yes'] = dice.chance(0.5);
  if (dice.chance(0.5)) variables['no'] = dice.chance(0.5);
  if (dice.chance(0.5)) variables['representations'] = wholeNumber(dice, 0, 9);
  const fragments: string[] = [];

  const condition = () => {
    if (!dice.chance(0.15)) return '';
    return ` @${dice.pick(['skip', 'include'])}(if: ${dice.pick(['$yes', '$no', 'true', 'false'])})`;
  };
  const given = () => {
    const all = [
      dice.pick(['n: 3', 'n: $representations', 'n: -1']),
      dice.pick(['s: "a\\"\\u00e9"', 's: $s', 's: """b\n c"""']),
      dice.pick(['c: RED', 'c: null']),
    ];
    const chosen = all.filter(() => dice.chance(0.4));
    return chosen.length > 0 ? `(${chosen.join(', ')})` : '';
  };
  function select(type: GraphQLCompositeType, depth: number): string {
    const parts: string[] = [];
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
    for (let count = wholeNumber(dice, 1, 4); count > 0; count -= 1) {
      const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
      if (dice.chance(isObjectType(type) ? 0.12 : 0.5)) {
        const on = dice.pick(possible) ?? type;
        const node = schema.getType('Node');
        const target =
          isInterfaceType(node) && type.name !== 'Query' && type.name !== 'Size' && dice.chance(0.15) ? node : on;
        const inner = select(target, depth);
        if (dice.chance(0.3)) {
          const name = `F${fragments.length}`;
          fragments.push('');
          fragments[Number(name.slice(1))] = `fragment ${name} on ${target.name} ${inner}`;
          parts.push(`...${name}${condition()}`);
        } else
          parts.push(`... ${target === type && dice.chance(0.5) ? '' : `on ${target.name}`}${condition()} ${inner}`);
        continue;
      }
      const field = fields.length > 0 ? dice.pick(fields) : undefined;
      if (!field || dice.chance(0.08)) {
        parts.push(`${dice.chance(0.2) ? `${dice.pick(aliases)}: ` : ''}__typename`);
        continue;
      }
      const result = getNamedType(field.type);
      if (isCompositeType(result) && depth >= deepest) continue;
      const alias = dice.chance(0.3) ? `${dice.pick(aliases)}: ` : '';
      const inner = isCompositeType(result) ? ` ${select(result, depth + 1)}` : '';
      parts.push(`${alias}${field.name}${field.args.length > 0 ? given() : ''}${condition()}${inner}`);
    }
    return `{ ${parts.length > 0 ? parts.join(' ') : '__typename'} }`;
  }
  const root = schema.getQueryType();
  const body = root ? select(root, 0) : '{ __typename }';
  const text = [body, ...fragments].join(' ');
  const used = declared.filter((each) => new RegExp(`\\${each.slice(0, each.indexOf(':'))}\\b`).test(text));
  const values = Object.entries(variables).filter(([name]) => used.some((each) => each.startsWith(`$${name}:`)));
  return {
    query: `query ${used.length > 0 ? `(${used.join(', ')}) ` : ''}${text}`,
    variables: Object.fromEntries(values),
  };
}
