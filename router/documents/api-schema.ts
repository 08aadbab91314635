import {
  buildASTSchema,
  isTypeDefinitionNode,
  Kind,
  specifiedDirectives,
  visit,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DirectiveDefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { deferDefinition } from './defer.ts';
import type { Features } from './features.ts';

/** What clients may ask: the supergraph without what serves the router only, and without what is `@inaccessible`. */
export function apiSchemaOf(supergraph: DocumentNode, features: Features): GraphQLSchema {
  const inaccessible = features.directive('inaccessible') ?? 'inaccessible';
  const { isInner } = features;
  const kept = new Set(specifiedDirectives.map(({ name }) => name));
  for (const definition of supergraph.definitions) {
    if (definition.kind === Kind.DIRECTIVE_DEFINITION && isForClients(definition, features))
      kept.add(definition.name.value);
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
  // Ours, whatever a supergraph means by the name: no subgraph ever gets to see it.
  const definitions = [...api.definitions.filter((each) => !isOfName(each, deferDefinition)), deferDefinition];
  return buildASTSchema({ ...api, definitions }, { assumeValidSDL: true });
}

const isOfName = (definition: DefinitionNode, { kind, name }: DirectiveDefinitionNode) =>
  definition.kind === kind && definition.name.value === name.value;

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
function isForClients({ name, locations }: DirectiveDefinitionNode, { isInner }: Features): boolean {
  return !isInner(`@${name.value}`) && locations.some(({ value }) => executable.has(value));
}
