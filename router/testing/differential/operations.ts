import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  OperationTypeNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';
import type { Dice } from '../../../cli/demo/dice.ts';
import { createInputs } from './inputs.ts';
import { wholeNumber } from './supergraphs.ts';

const deepest = 4;
/** Names that are taken elsewhere: by keys, fields and planners. */
const aliases = [
  ...['id', 'sku', 'spot', 'f0', 'f1', 'r0', 'tag', '__typename', 'toString', '_internal_qp_alias_0', 'x', 'y', 'z'],
];

export interface RandomOperation {
  query: string;
  variables: Record<string, unknown>;
}

/** An operation at random; it may not be valid, for its names may be in each other's way. */
export function randomOperation(schema: GraphQLSchema, dice: Dice): RandomOperation {
  const { QUERY: ofQuery, MUTATION: mutation, SUBSCRIPTION: subscription } = OperationTypeNode;
  const wanted = dice.pick([ofQuery, ofQuery, ofQuery, ofQuery, ofQuery, mutation, mutation, subscription]);
  const kind = schema.getRootType(wanted) ? wanted : ofQuery;
  const root = schema.getRootType(kind);
  const { declared, variables, argumentsFor, condition } = createInputs(dice);
  const fragments: string[] = [];

  function fieldOf({ name, type, args }: GraphQLField<unknown, unknown>, depth: number, when = condition()): string {
    const result = getNamedType(type);
    if (isCompositeType(result) && depth >= deepest) return '';
    const alias = dice.chance(0.3) ? `${dice.pick(aliases)}: ` : '';
    const inner = isCompositeType(result) ? ` ${select(result, depth + 1)}` : '';
    return `${alias}${name}${argumentsFor(args)}${when}${inner}`;
  }

  function select(type: GraphQLCompositeType, depth: number): string {
    const parts: string[] = [];
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
    for (let count = wholeNumber(dice, 1, 4); count > 0; count -= 1) {
      const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
      if (dice.chance(isObjectType(type) ? 0.12 : 0.5)) {
        const on = dice.pick(possible) ?? type;
        const wide = isObjectType(type) ? type.getInterfaces() : [];
        const target = (dice.chance(0.15) ? dice.pick(wide) : undefined) ?? on;
        const inner = select(target, depth);
        if (dice.chance(0.3)) {
          const name = `F${fragments.length}`;
          fragments.push(`fragment ${name} on ${target.name} ${inner}`);
          parts.push(`...${name}${condition()}`);
          // What is asked twice is there once.
          if (dice.chance(0.2)) parts.push(`...${name}${condition()}`);
        } else
          parts.push(`... ${target === type && dice.chance(0.5) ? '' : `on ${target.name}`}${condition()} ${inner}`);
        continue;
      }
      const field = fields.length > 0 ? dice.pick(fields) : undefined;
      if (!field || dice.chance(0.08)) parts.push(`${dice.chance(0.2) ? `${dice.pick(aliases)}: ` : ''}__typename`);
      else {
        parts.push(fieldOf(field, depth));
        // The same objects, of which something else is asked.
        if (isCompositeType(getNamedType(field.type)) && dice.chance(0.2)) parts.push(fieldOf(field, depth));
      }
    }
    const given = parts.filter((part) => part !== '');
    return `{ ${given.length > 0 ? given.join(' ') : '__typename'} }`;
  }

  let body = '{ __typename }';
  if (root && kind === subscription) {
    const event = dice.pick(Object.values(root.getFields()));
    const selection = event ? fieldOf(event, 0, '') : '__typename';
    body = dice.chance(0.2) ? `{ ... on ${root.name} { ${selection} } }` : `{ ${selection} }`;
  } else if (root) body = select(root, 0);
  const name = dice.chance(0.2) ? ' Named' : '';
  return {
    query: `${kind}${name} ${declared.length > 0 ? `(${declared.join(', ')}) ` : ''}${[body, ...fragments].join(' ')}`,
    variables,
  };
}
