import type { Dice } from '../../../cli/demo/dice.ts';
import { to, type Computed, type Definition, type Row } from '../worlds.ts';
import { inputTypes, possibleArguments } from './inputs.ts';
import { isPair, pairName, pairTarget, randomValue } from './values.ts';

interface Field {
  name: string;
  /** As SDL writes it. */
  type: string;
  /** Subgraphs that resolve it. */
  owners: Set<string>;
  /** The owner from whom another takes it, by @override, and for how much of the time. */
  from?: { owner: string; label: string };
  /** Those that have it only on the way from some field of the root. */
  providers: Set<string>;
  /** Never fails: others need it. */
  isNeeded: boolean;
  arguments: string;
  /** Fields that it is computed from. */
  requires?: readonly Field[];
}

interface Entity {
  name: string;
  /** The keys that each subgraph knows it by. */
  keys: Map<string, readonly string[]>;
  subgraphs: string[];
  fields: Field[];
}

/** From `least` to `most`, both possible. */
export const wholeNumber = (dice: Dice, least: number, most: number) => least + dice.below(most - least + 1);

const rowsPerEntity = 3;
const scalars = [
  ...['Int', 'String', 'Boolean', 'Color', 'String!', 'Int!', '[Int]', '[[String!]]', 'Size', '[Size!]', 'Any'],
  ...['Float', 'ID', '[Color!]', '[[Size]!]'],
];
/** What a @requires may ask for, and how. */
const requirable: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['Int', 'String', 'Boolean', 'Int!', 'String!', '[Int]', 'Color'].map((type) => [type, ''])),
  Size: ' { h }',
  '[Size!]': ' { w h }',
};
const allKeys = ['id', 'sku', 'spot { code }'];
const keyFields: Readonly<Record<string, string>> = { id: 'id: ID!', sku: 'sku: Int!', 'spot { code }': 'spot: Spot!' };

/** Subgraphs at random: entities, whose fields they share, with what federation has for that. They may not compose. */
export function randomSupergraph(dice: Dice): Definition {
  const some = (chance: number) => dice.chance(chance);
  const one = <Item>(items: readonly Item[]) => dice.pick(items) as Item;
  const names = ['a', 'b', 'c', 'd'].slice(0, wholeNumber(dice, 2, 4));
  const entities = ['Bike', 'Rider', 'Dock'].slice(0, wholeNumber(dice, 2, 3)).map((name): Entity => {
    const subgraphs = names.filter(() => some(0.75));
    if (subgraphs.length === 0) subgraphs.push(one(names));
    return { name, subgraphs, keys: keysIn(subgraphs), fields: [] };
  });
  const knows = (subgraph: string, target: string) =>
    entities.some(({ name, subgraphs }) => name === target && subgraphs.includes(subgraph));
  const hasInterface = some(0.7);
  const isNode = (entity: Entity, subgraph: string) => entity.keys.get(subgraph)?.includes('id') === true;
  for (const entity of entities) addFields(entity);

  /** Mostly one key; otherwise the first subgraph knows all, and others some of them. */
  function keysIn(subgraphs: readonly string[]): Entity['keys'] {
    const keys = some(0.5) ? ['id'] : allKeys.filter((key) => key === 'id' || some(0.6));
    return new Map(
      subgraphs.map((subgraph, at) => {
        const known = at === 0 ? keys : keys.filter(() => some(0.6));
        return [subgraph, known.length > 0 ? known : ['id']];
      }),
    );
  }

  function addFields(entity: Entity): void {
    const { subgraphs, fields } = entity;
    for (let count = wholeNumber(dice, 3, 6), at = 0; at < count; at += 1) {
      const owner = one(subgraphs);
      const target = one(entities).name;
      const owners = new Set([owner]);
      const field: Field = { name: `f${at}`, type: '', owners, providers: new Set(), isNeeded: false, arguments: '' };
      const another = one(subgraphs);
      if (another !== owner && some(0.15)) {
        // A type of its own, of which each subgraph knows a part.
        field.type = `Pair${at}_${entity.name}_${target}`;
        if (some(0.4)) field.type = `[${field.type}]`;
        owners.add(another);
      } else if (some(0.35)) {
        if (!knows(owner, target)) continue;
        field.type = one([target, `[${target}]`, `[${target}!]`, `${target}!`, `[[${target}]]`, `${target}Box`]);
        if (some(0.2)) field.arguments = argumentsOf();
      } else {
        field.type = one(scalars);
        if (field.type === 'String' && some(0.8)) field.arguments = argumentsOf();
        else if (some(0.2)) owners.add(one(subgraphs));
        if (owners.size === 1 && another !== owner && some(0.2)) {
          owners.add(another);
          field.from = { owner, label: one(['', '', 'percent(50)', 'percent(0)', 'percent(100)']) };
        }
      }
      fields.push(field);
    }
    for (let at = 0; at < 2; at += 1) {
      const owner = one(subgraphs);
      const needed = fields.filter(
        (field) => !field.owners.has(owner) && requirable[field.type] !== undefined && !field.arguments && !field.from,
      );
      const requires = needed.filter(({ requires: others }) => !others && some(0.6));
      if (requires.length === 0 || some(0.3)) continue;
      for (const field of requires) field.isNeeded = true;
      const own = { name: `r${at}`, type: 'String', arguments: some(0.2) ? argumentsOf() : '', isNeeded: false };
      fields.push({ ...own, owners: new Set([owner]), providers: new Set(), requires });
    }
  }

  /** What one of the two subgraphs knows of a pair. */
  function pairIn(type: string, part: number, subgraph: string): string {
    const name = pairName(type);
    const target = pairTarget(name);
    const of = knows(subgraph, target) ? `of: ${target}` : '';
    const known = part === 0 ? `h: Int ${of}` : `note: Int! size: Size ${some(0.5) ? of : ''}`;
    return `type ${name} @shareable { code: ID ${known} }`;
  }

  function argumentsOf(): string {
    const chosen = possibleArguments.filter(() => some(0.25));
    return chosen.length > 0 ? `(${chosen.join(', ')})` : '';
  }

  /** Fields of the root types, by subgraph. */
  const fieldsBySubgraph = () => new Map<string, string[]>();
  const roots = { Query: fieldsBySubgraph(), Mutation: fieldsBySubgraph(), Subscription: fieldsBySubgraph() };
  const computed: Record<string, Record<string, Computed>> = { Query: {}, Mutation: {}, Subscription: {} };
  const rows: Record<string, Row> = {};
  const rowNames = (type: string) => Array.from({ length: rowsPerEntity }, (_, at) => `${type}${at}`);
  const ask = (subgraph: string, field: string, resolve: Computed, root: keyof typeof roots = 'Query') => {
    roots[root].set(subgraph, [...(roots[root].get(subgraph) ?? []), field]);
    computed[root] = { ...computed[root], [/^\w+/.exec(field)?.[0] ?? '']: resolve };
  };
  const list = (values: string[]) => values.map((name) => (some(0.1) ? null : to(name)));

  for (const { name, subgraphs, fields } of entities) {
    const first = one(rowNames(name));
    const many = rowNames(name).map(to);
    const asked = one(subgraphs);
    const provided = fields.filter(
      (field) =>
        !field.owners.has(asked) &&
        !field.from &&
        !field.requires &&
        !field.arguments &&
        !/[A-Z]/.test(field.type.replace(/Int|String|Boolean|Color|Float|ID|Any/, '')),
    );
    const provides = some(0.5) ? provided.filter(() => some(0.5)) : [];
    for (const field of provides) field.providers.add(asked);
    const way = provides.length > 0 ? ` @provides(fields: "${provides.map((field) => field.name).join(' ')}")` : '';
    ask(asked, `one${name}: ${name}${way}`, () => to(first));
    ask(one(subgraphs), `all${name}: [${name}${some(0.5) ? '!' : ''}]`, () => many);
    if (some(0.6)) ask(one(subgraphs), `changed${name}: ${name}`, () => to(first), 'Subscription');
    if (some(0.3)) ask(one(subgraphs), `came${name}: [${name}]`, () => [...many, null], 'Subscription');
    if (some(0.7)) {
      const counted = one(subgraphs);
      const touch: Computed = (_row, { by }, { state }) => {
        state['count'] = Number(state['count'] ?? 0) + Number(by ?? 0);
        return to(first);
      };
      ask(counted, `touch${name}(by: Int = 1): ${name}`, touch, 'Mutation');
    }
  }
  for (const subgraph of names) {
    const add: Computed = (_row, _given, { state }) => (state['count'] = Number(state['count'] ?? 0) * 2 + 1);
    if (some(0.4)) ask(subgraph, `add_${subgraph}: Int${some(0.3) ? '!' : ''}`, add, 'Mutation');
    if (some(0.2)) ask(subgraph, `fail_${subgraph}: Int${some(0.3) ? '!' : ''}`, () => new Error('failed'), 'Mutation');
    if (some(0.3)) ask(subgraph, `echo_${subgraph}${argumentsOf()}: String`, (_row, given) => JSON.stringify(given));
  }

  const union = names.find((subgraph) => entities.filter((each) => each.subgraphs.includes(subgraph)).length > 1);
  const members = entities.filter(({ subgraphs }) => union !== undefined && subgraphs.includes(union));
  if (union !== undefined) {
    const things = list(members.flatMap(({ name }) => rowNames(name)));
    ask(union, 'things: [Thing]', () => things);
    if (some(0.3)) ask(union, 'thing: Thing', () => things[0], 'Subscription');
    const nodes = members.filter((entity) => isNode(entity, union));
    const all = list(nodes.flatMap(({ name }) => rowNames(name)));
    if (hasInterface && nodes.length > 0) ask(union, 'nodes: [Node]', () => all);
  }
  const whole = names.find((subgraph) => entities.every((entity) => isNode(entity, subgraph)));
  const guest = names.find((subgraph) => entities.every(({ subgraphs }) => !subgraphs.includes(subgraph)));
  const objectIn = hasInterface && whole !== undefined && some(0.7) ? guest : undefined;
  if (objectIn !== undefined) {
    const best = list(entities.flatMap(({ name }) => rowNames(name)));
    ask(objectIn, 'best: [Node]', () => best);
  }
  /** Subgraphs whose interface has a field more; each of its types must have it somewhere. */
  const tagged = names.filter(() => hasInterface && some(0.5));
  const hasTag = entities.every((entity) => tagged.some((subgraph) => isNode(entity, subgraph)));

  for (const { name, fields } of entities) {
    const own: Record<string, Computed> = {};
    computed[name] = own;
    own['seen'] = (_row, _given, { state }) => Number(state['count'] ?? 0);
    for (const { name: field, type, requires, arguments: given } of fields) {
      if (requires) own[field] = (row, asked) => JSON.stringify([...requires.map((each) => known(row, each)), asked]);
      else if (given && type === 'String') own[field] = (_row, asked) => JSON.stringify(asked);
    }
    for (const [at, row] of rowNames(name).entries()) {
      rows[row] = { __typename: name, id: `${name}-${at}`, sku: 10 + at, spot: { code: `${name} ${at}` } };
      rows[row]['bonus'] = wholeNumber(dice, 0, 9);
      rows[row]['tag'] = some(0.2) ? null : `tag ${at}`;
      for (const field of fields)
        if (!own[field.name])
          rows[row][field.name] = randomValue(dice, field.type, field.isNeeded, (type) => one(rowNames(type)));
    }
  }
  /** As much of a field as is required. */
  function known(row: Row, { name, type }: Field): unknown {
    const value = row[name] ?? null;
    const part = (given: unknown): unknown =>
      Array.isArray(given) ? given.map(part) : ((given as Row | null)?.['h'] ?? null);
    return requirable[type] ? part(value) : value;
  }

  const subgraphs = Object.fromEntries(
    names.map((subgraph) => {
      const mine = entities.filter((each) => each.subgraphs.includes(subgraph));
      const withTag = hasTag && tagged.includes(subgraph);
      const types = mine.map((entity) => {
        const { name, keys, fields } = entity;
        const own = keys.get(subgraph) ?? [];
        const needed = new Set(
          fields.flatMap(({ owners, requires = [] }) =>
            owners.has(subgraph) ? requires.map((each) => each.name) : [],
          ),
        );
        const lines = fields.flatMap(({ name: field, type, owners, from, providers, requires, arguments: given }) => {
          const sdl = `${field}${given}: ${type}`;
          if (!owners.has(subgraph)) return needed.has(field) || providers.has(subgraph) ? [`${sdl} @external`] : [];
          if (from) {
            const label = from.label ? `, label: "${from.label}"` : '';
            return [from.owner === subgraph ? sdl : `${sdl} @override(from: "${from.owner}"${label})`];
          }
          const shared = owners.size + providers.size > 1 ? ' @shareable' : '';
          const fieldsNeeded = requires?.map((each) => `${each.name}${requirable[each.type] ?? ''}`).join(' ');
          return [`${sdl}${shared}${requires ? ` @requires(fields: "${fieldsNeeded}")` : ''}`];
        });
        const node = hasInterface && isNode(entity, subgraph);
        const tag = node && withTag ? 'tag: String @shareable' : '';
        const seen = entity.subgraphs.at(-1) === subgraph ? 'seen: Int' : '';
        const boxes = mine.some((each) =>
          each.fields.some((field) => field.owners.has(subgraph) && field.type === `${name}Box`),
        );
        const box = boxes ? `type ${name}Box @shareable { of: ${name} note: Int }` : '';
        const pairs = entity.fields
          .filter(({ type, owners }) => owners.has(subgraph) && isPair(type))
          .map(({ type, owners }) => pairIn(type, [...owners].indexOf(subgraph), subgraph));
        return `type ${name}${node ? ' implements Node' : ''} ${own.map((key) => `@key(fields: "${key}")`).join(' ')} {
          ${own.map((key) => keyFields[key]).join(' ')} ${tag} ${seen} ${lines.join(' ')} } ${box} ${pairs.join(' ')}`;
      });
      const key = objectIn !== undefined && subgraph === whole ? ' @key(fields: "id")' : '';
      const node =
        subgraph === objectIn
          ? 'type Node @interfaceObject @key(fields: "id") { id: ID! bonus: Int }'
          : hasInterface && mine.some((entity) => isNode(entity, subgraph))
            ? `interface Node${key} { id: ID! ${withTag ? 'tag: String' : ''} }`
            : '';
      const sdl = [
        `${inputTypes} type Size @shareable { h: Int w: Int } type Spot @shareable { code: ID! }`,
        subgraph === union ? `union Thing = ${members.map(({ name }) => name).join(' | ')}` : '',
        node,
        ...types,
        ...Object.entries(roots).map(([root, fields]) => {
          const own = fields.get(subgraph);
          return own ? `type ${root} { ${own.join(' ')} }` : '';
        }),
      ];
      return [subgraph, sdl.join('\n')];
    }),
  );
  return { subgraphs, rows, computed };
}
