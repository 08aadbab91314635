import {
  execute,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  validate,
  visit,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  type ObjectTypeDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';

/** An object of the data: its fields by name. One that others point at has its type. */
export type Row = Record<string, unknown>;

/** What is computed. It gets what the subgraph knows of the object: its own fields, and what it was told. */
export type Computed = (row: Row, given: Row, world: { subgraph: string; state: Row }) => unknown;

/** Subgraphs, and the data that they share: a monolith with the same data gives the answers that are right. */
export interface Definition {
  subgraphs: Readonly<Record<string, string>>;
  /** The objects that others point at, by a name. A value that is an Error is thrown. */
  rows: Readonly<Record<string, Row>>;
  /** Fields that are computed, by type: at least those of `Query`. */
  computed: Readonly<Record<string, Readonly<Record<string, Computed>>>>;
}

class Link {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Points at a row of the data. */
export const to = (name: string) => new Link(name);

/** Answers GraphQL from the data, as one server does. */
export interface World {
  schema: GraphQLSchema;
  /** `state` lasts for one operation of a client. */
  answer(query: string, variables: Row, state: Row): Promise<SubgraphAnswer>;
}

const directives = [
  ...['key', 'requires', 'provides', 'external', 'shareable', 'override', 'inaccessible', 'extends', 'tag'],
  ...['interfaceObject', 'composeDirective'],
];
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${directives.map((name) => `"@${name}"`).join(', ')}])`;

/** With the directives of federation 2, unless it is one of federation 1. */
export const subgraphSdl = (sdl: string) => (sdl.includes('Federation 1') ? sdl : `${link}\n${sdl}`);

/** An object as one subgraph sees it. */
class Known {
  readonly row: Row;
  readonly told: Row;
  readonly typename: string | undefined;
  constructor(row: Row, typename: string | undefined, told: Row = {}) {
    this.row = row;
    this.typename = typename;
    this.told = told;
  }
  get __typename() {
    return this.typename;
  }
}

interface Knowledge {
  subgraph: string;
  /** The type of a row in this schema, which may know it by its interface only. */
  typeOf(row: Row): string | undefined;
  /** Types whose computed fields an object of this type has. */
  kinds(type: string | undefined): readonly string[];
  view(known: Known): Row;
  /** Whether the field is the subgraph's own, whatever it is told. */
  owns(type: string, field: string): boolean;
  /** @throws when a field is asked that it cannot know. */
  check(known: Known, type: string, field: string): void;
}

function createWorld({ rows, computed }: Definition, schema: GraphQLSchema, knowledge: Knowledge): World {
  const follow = (value: unknown): unknown => {
    if (value instanceof Link) return rows[value.name] ?? null;
    return Array.isArray(value) ? value.map(follow) : value;
  };
  const wrap = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(wrap);
    if (typeof value !== 'object' || value === null || value instanceof Error || value instanceof Known) return value;
    const row = value as Row;
    return new Known(row, knowledge.typeOf(row));
  };
  const fieldResolver: GraphQLFieldResolver<unknown, Row, Row> = (parent, given, state, info) => {
    const known = parent instanceof Known ? parent : new Known({}, info.parentType.name);
    const { fieldName } = info;
    const type = info.parentType.name;
    knowledge.check(known, type, fieldName);
    const name = [
      type,
      ...knowledge.kinds(known.row['__typename'] as string | undefined),
      ...knowledge.kinds(type),
    ].find((each) => computed[each]?.[fieldName]);
    const compute = name === undefined ? undefined : computed[name]?.[fieldName];
    const value = compute
      ? compute(knowledge.view(known), given, { subgraph: knowledge.subgraph, state })
      : Object.hasOwn(known.told, fieldName) &&
          !(Object.hasOwn(known.row, fieldName) && knowledge.owns(type, fieldName))
        ? known.told[fieldName]
        : Object.hasOwn(known.row, fieldName)
          ? known.row[fieldName]
          : undefined;
    const found = value instanceof Promise ? value.then(follow) : follow(value);
    if (!isCompositeType(getNamedType(info.returnType))) return found;
    return found instanceof Promise ? found.then(wrap) : wrap(found);
  };
  const documents = new Map<string, DocumentNode>();
  const read = (query: string) => {
    const known = documents.get(query);
    if (known) return known;
    const document = parse(query, { noLocation: true });
    const [error] = validate(schema, document);
    if (error) throw error;
    documents.set(query, document);
    return document;
  };
  return {
    schema,
    async answer(query, variableValues, contextValue) {
      let document: DocumentNode;
      try {
        document = read(query);
      } catch (error) {
        return { errors: [{ message: `${String(error)}: ${query}` }] };
      }
      const result = await execute({ schema, document, variableValues, contextValue, fieldResolver, typeResolver });
      return JSON.parse(JSON.stringify(result)) as SubgraphAnswer;
    },
  };
}

const typeResolver = (value: unknown) => (value as { __typename?: string }).__typename;

/** One server that has it all. */
export function createMonolith(definition: Definition, schema: GraphQLSchema): World {
  return createWorld(definition, schema, {
    subgraph: 'monolith',
    typeOf: ({ __typename }) => __typename as string | undefined,
    kinds: kindsOf(schema),
    view: ({ row }) => row,
    owns: () => true,
    check: () => undefined,
  });
}

/** A type's interfaces and unions. */
function kindsOf(schema: GraphQLSchema) {
  const kinds = new Map<string, string[]>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type)) kinds.set(type.name, [type.name, ...type.getInterfaces().map(({ name }) => name)]);
  }
  return (type: string | undefined) => (type === undefined ? [] : (kinds.get(type) ?? [type]));
}

/** One subgraph: of each object it knows its own fields, and what the router tells it. */
export function createSubgraph(definition: Definition, name: string, supergraph: GraphQLSchema): World {
  const { rows } = definition;
  const document = parse(subgraphSdl(definition.subgraphs[name] ?? ''));
  const keys = new Map<string, SelectionSetNode[]>();
  const fields = new Map<string, { external: boolean }>();
  let provided = '';
  visit(document, {
    Directive({ name: { value }, arguments: [first] = [] }) {
      if (value === 'provides' && first?.value.kind === Kind.STRING) provided += ` ${first.value.value}`;
    },
  });
  for (const type of document.definitions) {
    if (!('fields' in type)) continue;
    const { directives: applied = [] } = type as ObjectTypeDefinitionNode;
    const typeExternal = applied.some((each) => each.name.value === 'external');
    for (const { name: key, arguments: given } of applied) {
      const value = given?.find((each) => each.name.value === 'fields')?.value;
      if (key.value !== 'key' || value?.kind !== Kind.STRING) continue;
      const [operation] = parse(`{ ${value.value} }`).definitions;
      if (operation?.kind !== Kind.OPERATION_DEFINITION) continue;
      keys.set(type.name.value, [...(keys.get(type.name.value) ?? []), operation.selectionSet]);
    }
    for (const field of type.fields ?? []) {
      const external = typeExternal || field.directives?.some((each) => each.name.value === 'external');
      fields.set(`${type.name.value}.${field.name.value}`, { external: external ?? false });
    }
  }
  const isKey = (type: string, field: string) =>
    keys.get(type)?.some((set) => set.selections.some((each) => each.kind === Kind.FIELD && each.name.value === field));
  const isProvided = (field: string) => new RegExp(`\\b${field}\\b`).test(provided);
  const kinds = kindsOf(supergraph);
  const typeOf = ({ __typename }: Row) =>
    kinds(__typename as string | undefined).find((each) => isObjectType(schema.getType(each)));

  const matches = (set: SelectionSetNode, given: unknown, value: unknown): boolean =>
    set.selections.every((selection) => {
      if (selection.kind !== Kind.FIELD) return true;
      const key = selection.name.value;
      const wanted = (given as Row | null | undefined)?.[key];
      let has = (value as Row)[key];
      if (has instanceof Link) has = rows[has.name];
      if (wanted === undefined || wanted === null || has === undefined || has === null) return false;
      if (!selection.selectionSet) return JSON.stringify([wanted]) === JSON.stringify([has]);
      const inner = selection.selectionSet;
      if (Array.isArray(wanted)) {
        return Array.isArray(has) && has.every((each, at) => matches(inner, wanted[at], followed(each)));
      }
      return matches(inner, wanted, has);
    });
  const followed = (value: unknown) => (value instanceof Link ? rows[value.name] : value);
  const find = (type: string) => (representation: Row) => {
    for (const set of keys.get(type) ?? []) {
      const row = Object.values(rows).find(
        (each) => kinds(each['__typename'] as string | undefined).includes(type) && matches(set, representation, each),
      );
      if (row) return new Known(row, typeOf(row), representation);
    }
    return null;
  };
  const resolvers = Object.fromEntries([...keys.keys()].map((type) => [type, { __resolveReference: find(type) }]));
  const schema = buildSubgraphSchema([{ typeDefs: document, resolvers: resolvers as Record<string, never> }]);
  for (const type of Object.values(schema.getTypeMap()))
    if (isAbstractType(type) && !isEntity(type.name)) type.resolveType = typeResolver;
  return createWorld(definition, schema, {
    subgraph: name,
    typeOf,
    kinds,
    view({ row, told, typename = '' }) {
      const mine = Object.entries(row).filter(([field]) => {
        const own = fields.get(`${typename}.${field}`);
        if (own) return !own.external || isProvided(field);
        const types = kinds(row['__typename'] as string | undefined);
        return !types.some((each) => hasField(supergraph, each, field));
      });
      return { ...Object.fromEntries(mine), ...told };
    },
    owns: (type, field) => fields.get(`${type}.${field}`)?.external === false,
    check(known, type, field) {
      if (!fields.get(`${type}.${field}`)?.external || Object.hasOwn(known.told, field)) return;
      if (isKey(type, field) || isProvided(field)) return;
      throw new Error(`${name} does not know ${type}.${field}.`);
    },
  });
}

const isEntity = (name: string) => name === '_Entity';

function hasField(schema: GraphQLSchema, type: string, field: string): boolean {
  const found = schema.getType(type);
  return (isObjectType(found) || isInterfaceType(found)) && found.getFields()[field] !== undefined;
}
