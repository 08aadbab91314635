import { Supergraph, typeFromAST, type Schema } from '@apollo/federation-internals';
import {
  GraphQLScalarType,
  introspectionTypes,
  isObjectType,
  Kind,
  parse,
  parseType,
  visit,
  type ConstDirectiveNode,
  type GraphQLSchema,
  type ValueNode,
} from 'graphql';
import { Cursor, DateTime, Long } from '../../platform/server/index.ts';

/** The supergraph, read once: what clients may ask, and which subgraph answers what. */
export interface Graph {
  supergraph: Supergraph;
  apiSchema: Schema;
  /** The API schema for graphql-js; unlike the gateway's it knows what its scalars take. */
  schema: GraphQLSchema;
  /** Fields that the planner itself asks for, to reach other subgraphs: those of keys and of `@requires`. */
  planned: ReadonlySet<string>;
  /** Subgraphs that answer a field; none for one of introspection. */
  ownersOf(type: string, field: string): ReadonlySet<string>;
}

export function readGraph(supergraphSdl: string): Graph {
  const supergraph = Supergraph.build(supergraphSdl);
  const apiSchema = withWholeIntrospection(supergraph.apiSchema());
  return {
    supergraph,
    apiSchema,
    schema: withStrictScalars(apiSchema.toGraphQLJSSchema()),
    ...readJoins(supergraphSdl),
  };
}

/** graphql-js answers introspection and knows fields that the planner's schema lacks, and would therefore refuse. */
export function withWholeIntrospection(apiSchema: Schema): Schema {
  const unlocked = apiSchema as unknown as { runWithBuiltInModificationAllowed(change: () => void): void };
  const typeOf = (type: unknown) => typeFromAST(apiSchema, parseType(String(type)));
  unlocked.runWithBuiltInModificationAllowed(() => {
    for (const type of introspectionTypes) {
      const known = apiSchema.type(type.name);
      if (!isObjectType(type) || known?.kind !== 'ObjectType') continue;
      for (const field of Object.values(type.getFields())) {
        const own = known.field(field.name) ?? known.addField(field.name, typeOf(field.type));
        for (const { name, type: taken, defaultValue } of field.args) {
          if (!own.argument(name)) own.addArgument(name, typeOf(taken), defaultValue);
        }
      }
    }
  });
  apiSchema.assumeValid();
  return apiSchema;
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

function readJoins(supergraphSdl: string): Pick<Graph, 'planned' | 'ownersOf'> {
  const planned = new Set<string>();
  const owners = new Map<string, ReadonlySet<string>>();
  const plan = (fields: ValueNode | undefined) => {
    if (fields?.kind !== Kind.STRING) return;
    visit(parse(`{ ${fields.value} }`), { Field: ({ name }) => void planned.add(name.value) });
  };
  for (const type of parse(supergraphSdl, { noLocation: true }).definitions) {
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
  const nobody: ReadonlySet<string> = new Set();
  return { planned, ownersOf: (type, field) => owners.get(`${type}.${field}`) ?? nobody };
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
