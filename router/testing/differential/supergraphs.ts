import type { Dice } from '../../../cli/demo/dice.ts';
import { to, type Computed, type Definition, type Row } from '../worlds.ts';

interface Field {
  name: string;
  /** As SDL writes it. */
  type: string;
  owners: Set<string>;
  /** Never fails: others need it. */
  isNeeded: boolean;
  hasArguments: boolean;
  /** Fields that it is computed from. */
  requires?: readonly string[];
}

interface Entity {
  name: string;
  subgraphs: string[];
  fields: Field[];
}

/** From `least` to `most`, both possible. */
export const wholeNumber = (dice: Dice, least: number, most: number) => least + dice.below(most - least + 1);

const rowsPerEntity = 3;
const scalars = ['Int', 'String', 'Boolean', 'Color', 'String!', 'Int!', '[Int]', '[[String!]]', 'Size'];

/** Subgraphs at random: entities, whose fields they share, with what federation has for that. They may not compose. */
export function randomSupergraph(dice: Dice): Definition {
  const some = (chance: number) => dice.chance(chance);
  const names = ['a', 'b', 'c', 'd'].slice(0, wholeNumber(dice, 2, 4));
  const one = <Item>(items: readonly Item[]) => dice.pick(items) as Item;
  const entities = ['Bike', 'Rider', 'Dock'].slice(0, wholeNumber(dice, 2, 3)).map((name): Entity => {
    const subgraphs = names.filter(() => some(0.75));
    if (subgraphs.length === 0) subgraphs.push(one(names));
    return { name, subgraphs, fields: [] };
  });
  const hasInterface = some(0.7);
  for (const entity of entities) addFields(entity);
  const withObject = hasInterface && some(0.4) ? one(names) : undefined;
  const whole = names.find((name) => entities.every(({ subgraphs }) => subgraphs.includes(name)));
  const objectIn =
    withObject !== undefined &&
    whole !== undefined &&
    withObject !== whole &&
    entities.every(({ subgraphs }) => !subgraphs.includes(withObject))
      ? withObject
      : undefined;

  function addFields({ subgraphs, fields }: Entity): void {
    const count = wholeNumber(dice, 3, 6);
    for (let at = 0; at < count; at += 1) {
      const target = one(entities).name;
      const composite = one([target, `[${target}]`, `[${target}!]`, `${target}!`]);
      const owners = new Set([one(subgraphs)]);
      const isEntity = some(0.3);
      if (isEntity)
        for (const each of owners)
          if (!entities.find(({ name: other }) => other === target)?.subgraphs.includes(each)) owners.delete(each);
      if (owners.size === 0) continue;
      if (some(0.2)) owners.add(one(subgraphs));
      const type = isEntity && owners.size === 1 ? composite : one(scalars);
      const hasArguments = !isEntity && owners.size === 1 && type === 'String' && some(0.6);
      fields.push({ name: `f${at}`, type, owners, isNeeded: false, hasArguments });
    }
    for (let at = 0; at < 2; at += 1) {
      const subgraph = one(subgraphs);
      const needed = fields.filter(
        ({ owners, type, requires, hasArguments }) =>
          !owners.has(subgraph) &&
          ['Int', 'String', 'Boolean', 'Int!', 'String!'].includes(type) &&
          !requires &&
          !hasArguments,
      );
      if (needed.length === 0 || some(0.4)) continue;
      const requires = needed.filter(() => some(0.6));
      if (requires.length === 0) continue;
      for (const field of requires) field.isNeeded = true;
      fields.push({
        name: `r${at}`,
        type: 'String',
        owners: new Set([subgraph]),
        isNeeded: false,
        hasArguments: false,
        requires: requires.map((field) => field.name),
      });
    }
  }

  const args = '(n: Int = 1, s: String, c: Color)';
  const queries = new Map<string, string[]>();
  const resolvers: Record<string, Computed> = {};
  const rows: Record<string, Row> = {};
  const rowNames = (type: string) => Array.from({ length: rowsPerEntity }, (_, at) => `${type}${at}`);
  const ask = (subgraph: string, field: string, resolve: Computed) => {
    queries.set(subgraph, [...(queries.get(subgraph) ?? []), field]);
    resolvers[/^\w+/.exec(field)?.[0] ?? ''] = resolve;
  };
  const list = (values: string[]) => values.map((name) => (some(0.1) ? null : to(name)));
  for (const { name, subgraphs } of entities) {
    const first = one(rowNames(name));
    const many = rowNames(name).map(to);
    ask(one(subgraphs), `one${name}: ${name}`, () => to(first));
    const provider = one(subgraphs);
    ask(provider, `all${name}: [${name}${some(0.5) ? '!' : ''}]`, () => many);
  }
  const union = names.find((subgraph) => entities.filter((each) => each.subgraphs.includes(subgraph)).length > 1);
  const members = entities
    .filter(({ subgraphs }) => union !== undefined && subgraphs.includes(union))
    .map(({ name }) => name);
  if (union !== undefined) {
    const things = list(members.flatMap(rowNames));
    ask(union, 'things: [Thing]', () => things);
    if (hasInterface) ask(union, 'nodes: [Node]', () => things);
  }
  if (objectIn !== undefined) {
    const best = list(entities.flatMap(({ name }) => rowNames(name)));
    ask(objectIn, 'best: [Node]', () => best);
  }

  const valueOf = (type: string, isNeeded: boolean): unknown => {
    const isStrict = type.endsWith('!');
    if (!isNeeded && some(0.04)) return new Error('broken');
    if (some(isStrict ? (isNeeded ? 0 : 0.04) : 0.15)) return null;
    const inner = isStrict ? type.slice(0, -1) : type;
    if (inner.startsWith('['))
      return Array.from({ length: wholeNumber(dice, 0, 3) }, () => valueOf(inner.slice(1, -1), isNeeded));
    if (inner === 'Int') return wholeNumber(dice, -5, 100);
    if (inner === 'String') return one(['', 'x', 'two words', '"quoted"', '따릉이 🚲', '\\ \n']);
    if (inner === 'Boolean') return some(0.5);
    if (inner === 'Color') return one(['RED', 'GREEN']);
    if (inner === 'Size') return { h: wholeNumber(dice, 0, 9), w: some(0.2) ? null : wholeNumber(dice, 0, 9) };
    return to(one(rowNames(inner)));
  };
  const computed: Record<string, Record<string, Computed>> = { Query: resolvers };
  for (const { name, fields } of entities) {
    computed[name] = {};
    for (const field of fields) {
      if (field.requires)
        computed[name][field.name] = (row) => JSON.stringify(field.requires?.map((each) => row[each] ?? null));
      else if (field.hasArguments) computed[name][field.name] = (_row, given) => JSON.stringify(given);
    }
    for (const [at, row] of rowNames(name).entries()) {
      rows[row] = { __typename: name, id: `${name}-${at}`, bonus: wholeNumber(dice, 0, 9) };
      for (const field of fields)
        if (!computed[name][field.name]) rows[row][field.name] = valueOf(field.type, field.isNeeded);
    }
  }

  const subgraphs = Object.fromEntries(
    names.map((subgraph) => {
      const mine = entities.filter((each) => each.subgraphs.includes(subgraph));
      const isObject = subgraph === objectIn;
      const types = mine.map(({ name, fields }) => {
        const required = new Set(
          fields
            .filter(({ owners, requires }) => owners.has(subgraph) && requires)
            .flatMap(({ requires = [] }) => requires),
        );
        const lines = fields.flatMap(({ name: field, type, owners, requires, hasArguments }) => {
          const sdl = `${field}${hasArguments ? args : ''}: ${type}`;
          if (owners.has(subgraph))
            return [
              `${sdl}${owners.size > 1 ? ' @shareable' : ''}${requires ? ` @requires(fields: "${requires.join(' ')}")` : ''}`,
            ];
          return required.has(field) ? [`${sdl} @external`] : [];
        });
        const node = hasInterface ? ' implements Node' : '';
        return `type ${name}${node} @key(fields: "id") { id: ID! ${lines.join(' ')} }`;
      });
      const node = isObject
        ? 'type Node @interfaceObject @key(fields: "id") { id: ID! bonus: Int }'
        : hasInterface && mine.length > 0
          ? `interface Node${objectIn !== undefined && subgraph === whole ? ' @key(fields: "id")' : ''} { id: ID! }`
          : '';
      const fields = queries.get(subgraph);
      const sdl = [
        'enum Color { RED GREEN } type Size @shareable { h: Int w: Int }',
        subgraph === union ? `union Thing = ${members.join(' | ')}` : '',
        node,
        ...types,
        fields ? `type Query { ${fields.join(' ')} }` : '',
      ];
      return [subgraph, sdl.join('\n')];
    }),
  );
  return { subgraphs, rows, computed };
}
