import {
  getDirectiveValues,
  getNamedType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isCompositeType,
  isTypeDefinitionNode,
  Kind,
  valueFromASTUntyped,
  type ConstDirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLError,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { decodeJwt } from 'jose';
import { wordsIn } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';
import type { Features } from './features.ts';
import type { Graph } from './graph.ts';
import { maxErrors, type Variables } from './variables.ts';

/** What the client's token allows. */
export interface Grants {
  /** There is a token, and it is valid. */
  isAuthenticated: boolean;
  scopes: ReadonlySet<string>;
  policies: ReadonlySet<string>;
}

/** The claims of a token that say what it allows, each as a list or as words. */
export interface GrantClaims {
  scopes: string;
  policies: string;
}

/**
 * Why an operation may not run: it asks for fields that the client may not see. All of it is refused, so that no half
 * of a mutation is made.
 */
export type Authorize = (
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  coerced: Variables,
  grants: Grants,
) => readonly GraphQLError[];

/** Each group of alternatives must have one of which all are granted. */
type Alternatives = readonly (readonly string[])[];

interface Requirement {
  /** The field or the type that says so. */
  of: string;
  kind: 'token' | 'scopes' | 'policies';
  anyOf: Alternatives;
}

/** What the token of a request allows, which was verified before. */
export function grantsOf(authorization: string | undefined, claims: GrantClaims): Grants {
  if (authorization === undefined) return { isAuthenticated: false, scopes: new Set(), policies: new Set() };
  const payload: Record<string, unknown> = decodeJwt(authorization.replace(/^\s*Bearer +/i, '').trim());
  return {
    isAuthenticated: true,
    scopes: new Set(wordsIn(payload[claims.scopes])),
    policies: new Set(wordsIn(payload[claims.policies])),
  };
}

/** Undefined for a supergraph in which nothing is protected by `@authenticated`, `@requiresScopes` or `@policy`. */
export function createAuthorize({
  document,
  features,
  supergraph: schema,
}: Pick<Graph, 'document' | 'features' | 'supergraph'>): Authorize | undefined {
  const declared = readRequirements(document, features);
  if (declared.size === 0) return undefined;
  const ownOf = (name: string): readonly Requirement[] => declared.get(name) ?? [];
  const known = new Map<string, readonly Requirement[]>();

  /** Of an object's field; of an abstract type's for every type that the object may be. */
  function requirementsOf(parent: GraphQLCompositeType, field: string): readonly Requirement[] {
    const key = `${parent.name}.${field}`;
    const found = known.get(key) ?? collect(parent, field);
    known.set(key, found);
    return found;
  }

  function collect(parent: GraphQLCompositeType, field: string): readonly Requirement[] {
    if (field.startsWith('__')) return ownOf(parent.name);
    const types = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
    return types.flatMap((type) => {
      const definition = 'getFields' in type ? type.getFields()[field] : undefined;
      if (!definition) return [];
      return [type.name, `${type.name}.${field}`, getNamedType(definition.type).name].flatMap(ownOf);
    });
  }

  return (operation, fragments, coerced, grants) => {
    const missing = new Set<Requirement>();
    function look({ selections }: SelectionSetNode, parent: GraphQLCompositeType): void {
      for (const selection of selections) {
        if (!isWanted(selection, coerced)) continue;
        if (selection.kind !== Kind.FIELD) {
          const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
          const type = fragment?.typeCondition && schema.getType(fragment.typeCondition.name.value);
          if (fragment) look(fragment.selectionSet, isCompositeType(type) ? type : parent);
          continue;
        }
        const name = selection.name.value;
        for (const each of requirementsOf(parent, name)) if (!isMet(each, grants)) missing.add(each);
        const definition = 'getFields' in parent ? parent.getFields()[name] : undefined;
        const type = definition && getNamedType(definition.type);
        if (selection.selectionSet && isCompositeType(type)) look(selection.selectionSet, type);
      }
    }
    const root = schema.getRootType(operation.operation);
    if (root) look(operation.selectionSet, root);
    return [...missing].slice(0, maxErrors).map(refusalOf);
  };
}

function isWanted(selection: SelectionNode, coerced: Variables): boolean {
  if (!selection.directives?.length) return true;
  return (
    getDirectiveValues(GraphQLSkipDirective, selection, coerced)?.['if'] !== true &&
    getDirectiveValues(GraphQLIncludeDirective, selection, coerced)?.['if'] !== false
  );
}

function isMet({ kind, anyOf }: Requirement, grants: Grants): boolean {
  if (kind === 'token') return grants.isAuthenticated;
  const granted = grants[kind];
  return anyOf.some((all) => all.every((each) => granted.has(each)));
}

function refusalOf({ of, kind, anyOf }: Requirement): GraphQLError {
  const what = kind === 'scopes' ? 'scopes' : 'policies';
  const needs =
    kind === 'token'
      ? 'a valid token'
      : `a token with the ${what} ${anyOf.map((all) => all.join(' and ')).join(', or ')}`;
  return routerError('UNAUTHORIZED_FIELD_OR_TYPE', `${of} needs ${needs}. Nothing was run.`);
}

/** What is declared, by `Type` and by `Type.field`. */
function readRequirements(supergraph: DocumentNode, features: Features): Map<string, readonly Requirement[]> {
  const authenticated = features.directive('authenticated');
  const scopes = features.directive('requiresScopes');
  const policy = features.directive('policy');
  const declared = new Map<string, readonly Requirement[]>();
  const read = (of: string, directives: readonly ConstDirectiveNode[] = []) => {
    const found = directives.flatMap(({ name, arguments: given = [] }): Requirement[] => {
      const anyOf = given[0] ? (valueFromASTUntyped(given[0].value) as Alternatives) : [];
      if (name.value === authenticated) return [{ of, kind: 'token', anyOf }];
      if (name.value === scopes) return [{ of, kind: 'scopes', anyOf }];
      return name.value === policy ? [{ of, kind: 'policies', anyOf }] : [];
    });
    if (found.length > 0) declared.set(of, [...(declared.get(of) ?? []), ...found]);
  };
  for (const definition of supergraph.definitions) {
    if (!isTypeDefinitionNode(definition)) continue;
    const { name, directives } = definition;
    read(name.value, directives);
    if (!('fields' in definition)) continue;
    for (const field of definition.fields ?? []) read(`${name.value}.${field.name.value}`, field.directives);
  }
  return declared;
}
