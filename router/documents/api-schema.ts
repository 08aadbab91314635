import {
  buildASTSchema,
  isTypeDefinitionNode,
  Kind,
  specifiedDirectives,
  visit,
  type ConstDirectiveNode,
  type DirectiveDefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';

/** Names in this document of the directives that other specifications define, by the specification's name. */
export interface LinkedNames {
  /** The name of a specification's directive; undefined when the supergraph does not use it. */
  (specification: string): string | undefined;
}

/** What a supergraph's `@link`s import, and under which names. */
export function linkedNames(supergraph: DocumentNode): LinkedNames {
  const links = new Map<string, string>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const directive of definition.directives ?? []) {
      if (directive.name.value !== 'link' && directive.name.value !== 'core') continue;
      const given = argumentsOf(directive);
      const url = given['url'] ?? given['feature'];
      const name = /\/([A-Za-z_]\w*)\/v\d+\.\d+\/?$/.exec(url ?? '')?.[1];
      if (name !== undefined) links.set(name, given['as'] ?? name);
    }
  }
  return (specification) => links.get(specification);
}

function argumentsOf({ arguments: given = [] }: ConstDirectiveNode): Record<string, string | undefined> {
  return Object.fromEntries(
    given.map(({ name, value }) => [name.value, value.kind === Kind.STRING ? value.value : undefined]),
  );
}

/** What clients may ask: the supergraph without what serves the router only, and without what is `@inaccessible`. */
export function apiSchemaOf(supergraph: DocumentNode): GraphQLSchema {
  const nameOf = linkedNames(supergraph);
  const inaccessible = nameOf('inaccessible') ?? 'inaccessible';
  const isInner = (name: string) => /^(join|link|core)__/.test(name);
  const kept = new Set(specifiedDirectives.map(({ name }) => name));
  for (const definition of supergraph.definitions) {
    if (definition.kind === Kind.DIRECTIVE_DEFINITION && isForClients(definition)) kept.add(definition.name.value);
  }
  const isHidden = (node: { directives?: readonly ConstDirectiveNode[] | undefined }) =>
    node.directives?.some(({ name }) => name.value === inaccessible) ?? false;
  const hidden = new Set<string>();
  for (const definition of supergraph.definitions) {
    if (isTypeDefinitionNode(definition) && isHidden(definition)) hidden.add(definition.name.value);
  }
  const element = (node: { directives?: readonly ConstDirectiveNode[] }) => (isHidden(node) ? null : undefined);
  const type = (node: { name: { value: string }; directives?: readonly ConstDirectiveNode[] }) =>
    isInner(node.name.value) || isHidden(node) ? null : undefined;
  const api = visit(supergraph, {
    ScalarTypeDefinition: type,
    ObjectTypeDefinition: type,
    InterfaceTypeDefinition: type,
    UnionTypeDefinition: type,
    EnumTypeDefinition: type,
    InputObjectTypeDefinition: type,
    FieldDefinition: element,
    InputValueDefinition: element,
    EnumValueDefinition: element,
    // As a member of a union or an interface that is implemented.
    NamedType: (node, _key, parent) => (Array.isArray(parent) && hidden.has(node.name.value) ? null : undefined),
    DirectiveDefinition: ({ name }) => (kept.has(name.value) ? undefined : null),
    Directive: ({ name }) => (kept.has(name.value) ? undefined : null),
  });
  return buildASTSchema(api, { assumeValid: true, assumeValidSDL: true });
}

const executable = new Set([
  'QUERY',
  'MUTATION',
  'SUBSCRIPTION',
  'FIELD',
  'FRAGMENT_DEFINITION',
  'FRAGMENT_SPREAD',
  'INLINE_FRAGMENT',
  'VARIABLE_DEFINITION',
]);

/** A directive that clients may write in a document. */
function isForClients({ name, locations }: DirectiveDefinitionNode): boolean {
  return !/^(join|link|core)(__|$)/.test(name.value) && locations.some(({ value }) => executable.has(value));
}
