import {
  assertValidSchema,
  buildASTSchema,
  GraphQLScalarType,
  isAbstractType,
  isTypeDefinitionNode,
  Kind,
  parse,
  visit,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
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
  /** Those of them that a `@requires` gives arguments. */
  plannedWithArguments: ReadonlySet<string>;
  /** Subgraphs that answer a field; none for one of introspection, or of an interface object. */
  ownersOf(type: string, field: string): ReadonlySet<string>;
  /** What a subgraph, by its name, finds an object of this type by; undefined where it cannot. */
  keyOf(subgraph: string, type: string): SelectionSetNode | undefined;
  /** Whether a subgraph answers, below this field, what it may not answer elsewhere. */
  provides(subgraph: string, type: string, field: string): boolean;
  /**
   * Object types that stand for a type; for an interface without any, itself.
   * @param owners the subgraphs that answer it, of which planners take the types that each knows.
   */
  possibleTypes(type: string, owners?: ReadonlySet<string>): ReadonlySet<string>;
  /** Every subgraph by its name, with the address that the SDL gives it. */
  subgraphs: ReadonlyMap<string, string>;
}

/**
 * @param scalars rules for scalars of these names.
 * @throws {Error} when it is not a supergraph's SDL.
 * @throws {ConfigError} when it needs a feature that this router lacks.
 */
export function readGraph(sdl: string, scalars: readonly GraphQLScalarType[] = []): Graph {
  const document = parse(sdl, { noLocation: true });
  const features = readFeatures(document);
  const schema = withStrictScalars(apiSchemaOf(document, features), scalars);
  assertValidSchema(schema);
  const graphs = readSubgraphs(document);
  const subgraphs = new Map([...graphs.values()].map(({ name, url }) => [name, url]));
  if (subgraphs.size === 0) throw new Error('It names no subgraph: it is no supergraph.');
  const supergraph = buildASTSchema(document, { assumeValid: true, assumeValidSDL: true });
  return {
    sdl,
    document,
    features,
    supergraph,
    schema,
    subgraphs,
    ...readJoins(document, new Map([...graphs].map(([value, { name }]) => [name, value]))),
    possibleTypes: readMembers(document, supergraph),
  };
}

/**
 * Scalars whose rules are known refuse here what a subgraph would refuse, before anything walks the value. Values stay
 * as they came: the subgraph parses them.
 */
function withStrictScalars(schema: GraphQLSchema, scalars: readonly GraphQLScalarType[]): GraphQLSchema {
  for (const scalar of scalars) {
    const type = schema.getType(scalar.name);
    if (!(type instanceof GraphQLScalarType)) continue;
    type.extensions = scalar.extensions;
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

/** The subgraphs, by the names that joins have for them. */
function readSubgraphs({ definitions }: DocumentNode): ReadonlyMap<string, { name: string; url: string }> {
  const graphs = definitions.flatMap((each) =>
    each.kind === Kind.ENUM_TYPE_DEFINITION && each.name.value === 'join__Graph' ? (each.values ?? []) : [],
  );
  return new Map(
    graphs.flatMap(({ name: value, directives }) =>
      applied(directives, 'join__graph').flatMap(({ name, url }) =>
        name?.kind === Kind.STRING
          ? [[value.value, { name: name.value, url: url?.kind === Kind.STRING ? url.value : '' }] as const]
          : [],
      ),
    ),
  );
}

type Joins = Pick<Graph, 'planned' | 'plannedWithArguments' | 'ownersOf' | 'keyOf' | 'provides'>;

/** @param graphs the names that joins have for subgraphs. */
function readJoins(supergraph: DocumentNode, graphs: ReadonlyMap<string, string>): Joins {
  const planned = new Set<string>();
  const plannedWithArguments = new Set<string>();
  const owners = new Map<string, ReadonlySet<string>>();
  const keys = new Map<string, SelectionSetNode>();
  const providing = new Set<string>();
  const plan = (fields: ValueNode | undefined): SelectionSetNode | undefined => {
    if (fields?.kind !== Kind.STRING) return undefined;
    const document = parse(`{ ${fields.value} }`, { noLocation: true });
    visit(document, {
      Field({ name, arguments: given }) {
        planned.add(name.value);
        if (given?.length) plannedWithArguments.add(name.value);
      },
    });
    const [operation] = document.definitions;
    return operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet : undefined;
  };
  for (const type of supergraph.definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const types = applied(type.directives, 'join__type');
    for (const { key, graph, resolvable, isInterfaceObject } of types) {
      const fields = plan(key);
      const name = graph?.kind === Kind.ENUM ? `${graph.value}.${type.name.value}` : '';
      if (fields && !isFalse(resolvable) && !isTrue(isInterfaceObject) && !keys.has(name)) keys.set(name, fields);
    }
    for (const field of type.fields ?? []) {
      const fields = applied(field.directives, 'join__field');
      for (const { requires, provides, graph } of fields) {
        plan(requires);
        if (provides && graph?.kind === Kind.ENUM)
          providing.add(`${graph.value}.${type.name.value}.${field.name.value}`);
      }
      const named = fields.filter(({ graph, external }) => graph && !isTrue(external));
      const isElsewhere = fields.length > 0 && fields.every(({ graph }) => !graph);
      owners.set(`${type.name.value}.${field.name.value}`, graphsOf(named.length > 0 || isElsewhere ? named : types));
    }
  }
  const none: ReadonlySet<string> = new Set();
  const ownersOf = (type: string, field: string) => owners.get(`${type}.${field}`) ?? none;
  return {
    planned,
    plannedWithArguments,
    ownersOf,
    keyOf: (subgraph, type) => keys.get(`${graphs.get(subgraph)}.${type}`),
    provides: (subgraph, type, field) => providing.has(`${graphs.get(subgraph)}.${type}.${field}`),
  };
}

function readMembers({ definitions }: DocumentNode, supergraph: GraphQLSchema): Graph['possibleTypes'] {
  /** By an interface or union, and by it in one subgraph. */
  const members = new Map<string, Set<string>>();
  const add = (of: ValueNode | undefined, graph: ValueNode | undefined, member: ValueNode | undefined) => {
    if (of?.kind !== Kind.STRING || graph?.kind !== Kind.ENUM || member?.kind !== Kind.STRING) return;
    for (const name of [of.value, `${graph.value}.${of.value}`])
      members.set(name, (members.get(name) ?? new Set()).add(member.value));
  };
  const objects = new Set<string>();
  for (const { kind, name, directives = [] } of definitions.filter(isTypeDefinitionNode)) {
    const own = { kind: Kind.STRING, value: name.value } as const;
    if (kind === Kind.OBJECT_TYPE_DEFINITION)
      for (const { graph, interface: of } of applied(directives, 'join__implements')) add(of, graph, own);
    for (const { graph, member } of applied(directives, 'join__unionMember')) add(own, graph, member);
    for (const { graph, isInterfaceObject } of applied(directives, 'join__type'))
      if (graph?.kind === Kind.ENUM && isTrue(isInterfaceObject)) objects.add(`${graph.value}.${name.value}`);
  }
  const known = new Map<string, ReadonlySet<string>>();
  const everywhere = (name: string): ReadonlySet<string> => {
    const type = supergraph.getType(name);
    const all = isAbstractType(type) ? supergraph.getPossibleTypes(type).map((each) => each.name) : [];
    const types = known.get(name) ?? new Set(all.length > 0 ? all : [name]);
    known.set(name, types);
    return types;
  };
  return (name, owners = new Set()) => {
    const all = everywhere(name);
    // Federation 1 does not say which subgraph has which.
    if (!members.has(name)) return all;
    const knowing = [...owners].map((owner) => `${owner}.${name}`).filter((own) => !objects.has(own));
    return new Set([...all].filter((type) => knowing.every((own) => members.get(own)?.has(type))));
  };
}

type Arguments = Readonly<Record<string, ValueNode | undefined>>;

function applied(directives: readonly ConstDirectiveNode[] = [], name: string): Arguments[] {
  return directives
    .filter((directive) => directive.name.value === name)
    .map((directive) => Object.fromEntries((directive.arguments ?? []).map((each) => [each.name.value, each.value])));
}

const isTrue = (value: ValueNode | undefined) => value?.kind === Kind.BOOLEAN && value.value;
const isFalse = (value: ValueNode | undefined) => value?.kind === Kind.BOOLEAN && !value.value;

function graphsOf(joins: readonly Arguments[]): ReadonlySet<string> {
  return new Set(joins.flatMap(({ graph }) => (graph?.kind === Kind.ENUM ? [graph.value] : [])));
}

/** The specification keeps names that begin so for introspection. */
export const isIntrospection = (name: string) => name.startsWith('__');
