import {
  buildASTSchema,
  GraphQLScalarType,
  Kind,
  parse,
  visit,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  type ValueNode,
} from 'graphql';
import { Cursor, DateTime, Long } from '../../platform/server/index.ts';
import { apiSchemaOf } from './api-schema.ts';
import { readFeatures, type Features } from './features.ts';

/** The supergraph, read once: what clients may ask, and which subgraph answers what. */
export interface Graph {
  sdl: string;
  document: DocumentNode;
  features: Features;
  /** All of it, with what clients do not see. */
  supergraph: GraphQLSchema;
  /** What clients may ask. */
  schema: GraphQLSchema;
  /** Fields that the planner itself asks for, to reach other subgraphs: those of keys and of `@requires`. */
  planned: ReadonlySet<string>;
  /** Subgraphs that answer a field; none for one of introspection. */
  ownersOf(type: string, field: string): ReadonlySet<string>;
}

/**
 * @throws {GraphQLError} when it is not a supergraph's SDL.
 * @throws {ConfigError} when it needs a feature that this router lacks.
 */
export function readGraph(sdl: string): Graph {
  const document = parse(sdl, { noLocation: true });
  const features = readFeatures(document);
  return {
    sdl,
    document,
    features,
    supergraph: buildASTSchema(document, { assumeValid: true, assumeValidSDL: true }),
    schema: withStrictScalars(apiSchemaOf(document, features)),
    ...readJoins(document),
  };
}

/**
 * The platform's scalars refuse here what a subgraph would refuse, before anything walks the value. Values stay as they
 * came: the subgraph parses them.
 */
function withStrictScalars(schema: GraphQLSchema): GraphQLSchema {
  for (const scalar of [Long, DateTime, Cursor]) {
    const type = schema.getType(scalar.name);
    if (!(type instanceof GraphQLScalarType)) continue;
    type.parseValue = (value) => {
      scalar.parseValue(value);
      return value;
    };
    type.parseLiteral = (node) => {
      scalar.parseLiteral(node);
      return 'value' in node ? node.value : undefined;
    };
  }
  return schema;
}

export function readJoins(supergraph: DocumentNode): Pick<Graph, 'planned' | 'ownersOf'> {
  const planned = new Set<string>();
  const owners = new Map<string, ReadonlySet<string>>();
  const plan = (fields: ValueNode | undefined) => {
    if (fields?.kind !== Kind.STRING) return;
    visit(parse(`{ ${fields.value} }`), { Field: ({ name }) => void planned.add(name.value) });
  };
  for (const type of supergraph.definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const types = applied(type.directives, 'join__type');
    for (const { key } of types) plan(key);
    for (const field of type.fields ?? []) {
      const fields = applied(field.directives, 'join__field');
      for (const { requires } of fields) plan(requires);
      const named = fields.filter(({ graph, external }) => graph && !isTrue(external));
      owners.set(`${type.name.value}.${field.name.value}`, graphsOf(named.length > 0 ? named : types));
    }
  }
  const none: ReadonlySet<string> = new Set();
  return { planned, ownersOf: (type, field) => owners.get(`${type}.${field}`) ?? none };
}

type Arguments = Readonly<Record<string, ValueNode | undefined>>;

function applied(directives: readonly ConstDirectiveNode[] = [], name: string): Arguments[] {
  return directives
    .filter((directive) => directive.name.value === name)
    .map((directive) => Object.fromEntries((directive.arguments ?? []).map((each) => [each.name.value, each.value])));
}

const isTrue = (value: ValueNode | undefined) => value?.kind === Kind.BOOLEAN && value.value;

function graphsOf(joins: readonly Arguments[]): ReadonlySet<string> {
  return new Set(joins.flatMap(({ graph }) => (graph?.kind === Kind.ENUM ? [graph.value] : [])));
}

/** The specification keeps names that begin so for introspection. */
export const isIntrospection = (name: string) => name.startsWith('__');
