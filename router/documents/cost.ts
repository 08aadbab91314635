import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isIntrospectionType,
  isListType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  valueFromASTUntyped,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Graph } from './graph.ts';
import type { Variables } from './variables.ts';

/** What an operation asks for at most: about the number of values in its answer, with more for what takes longer. */
export type CostOf = (
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  coerced: Variables,
) => number;

/** Arguments that say how long a list is. */
const sizeArguments = ['first', 'last', 'limit', 'minutes'];
/** Connections refuse longer pages. */
const longestPage = 200;
/** The assumed length of a list without a size argument: most are shorter, few longer (a history has at most 200). */
const assumedItems = 5;
/** A page is looked up in a database, whatever is on it. */
const pageCost = 10;
/** Part of an object that another subgraph has: it is asked for by the object's key. */
const entityCost = 2;
/** A type that its path already contains (a rider's reservation's rider): nothing new, and the nesting has no end. */
const returnCost = 5;
/** A decision: it is written, published and waited for. */
const mutationCost = 100;
/** Introspection is answered here, out of memory. */
const introspectionValueCost = 0.1;
/** A name stands in the answer as often as its value; one of so many letters weighs as much as a value. */
const lettersPerValue = 32;

interface Place {
  type: GraphQLCompositeType;
  /** Subgraphs that the object can have come from; undefined at the root. */
  at: ReadonlySet<string> | undefined;
  /** Types on the way here. */
  path: readonly string[];
  /** The page that the object is, or undefined when it is none. */
  page: number | undefined;
}

export function createCost({ schema, ownersOf }: Pick<Graph, 'schema' | 'ownersOf'>): CostOf {
  const introspectionSizes = sizesOfIntrospection(schema);

  return (operation, fragments, coerced) => {
    function selectionCost(selectionSet: SelectionSetNode, place: Place): number {
      let cost = 0;
      for (const selection of selectionSet.selections) {
        if (selection.kind === Kind.FIELD) {
          cost += fieldCost(selection, place);
          continue;
        }
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
        const condition = fragment?.typeCondition && schema.getType(fragment.typeCondition.name.value);
        if (fragment) {
          const type = isCompositeType(condition) ? condition : place.type;
          cost += selectionCost(fragment.selectionSet, { ...place, type });
        }
      }
      return cost;
    }

    function fieldCost(node: FieldNode, place: Place): number {
      const field = fieldOf(schema, place.type, node.name.value);
      if (!field) return 0;
      const type = getNamedType(field.type);
      const inner = isCompositeType(type) ? type : undefined;
      const owners = ownersOf(place.type.name, node.name.value);
      const here = intersection(owners, place.at);
      const size = sizeOf(node, field);
      const isList = isListType(getNullableType(field.type));
      const items = isList ? (size ?? place.page ?? introspectionSizes.get(field.name) ?? assumedItems) : 1;
      const isPage = size !== undefined;

      const isOfSchema = isIntrospectionType(type) || isIntrospectionType(place.type);
      const letters = (node.alias ?? node.name).value.length;
      let each = (isOfSchema ? introspectionValueCost : 1) + Math.floor(letters / lettersPerValue);
      let once = 0;
      if (place.at === undefined && place.type === schema.getMutationType()) once += mutationCost;
      if (isPage) once += pageCost;
      if (place.at !== undefined && owners.size > 0 && here.size === 0) once += entityCost;
      if (inner && !isOfSchema && place.path.includes(inner.name)) each += returnCost;
      if (inner && node.selectionSet) {
        each += selectionCost(node.selectionSet, {
          type: inner,
          at: here.size > 0 ? here : owners,
          path: [...place.path, inner.name],
          page: isList ? undefined : size,
        });
      }
      return once + items * each;
    }

    function sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>): number | undefined {
      const argument = field.args.find(({ name }) => sizeArguments.includes(name));
      if (!argument) return givenItems(node);
      const given = node.arguments?.find(({ name }) => name.value === argument.name)?.value;
      const asked = given && valueFromASTUntyped(given, coerced);
      const value = asked ?? argument.defaultValue;
      return typeof value === 'number' ? Math.min(Math.max(value, 0), longestPage) : longestPage;
    }

    /**
     * What is given a list, by itself or in an input, answers with as much: a call of a thousand lines, as many
     * results.
     */
    function givenItems(node: FieldNode): number | undefined {
      const given: unknown[] = node.arguments?.map(({ value }) => valueFromASTUntyped(value, coerced)) ?? [];
      const inputs = given.flatMap((value): unknown[] => (isObject(value) ? Object.values(value) : []));
      const items = Math.max(...[...given, ...inputs].map((value) => (Array.isArray(value) ? value.length : 0)));
      return items > assumedItems ? items : undefined;
    }

    const root = schema.getRootType(operation.operation);
    return root ? selectionCost(operation.selectionSet, { type: root, at: undefined, path: [], page: undefined }) : 0;
  };
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldOf(schema: GraphQLSchema, parent: GraphQLCompositeType, name: string) {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (parent === schema.getQueryType() && name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (parent === schema.getQueryType() && name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return 'getFields' in parent ? parent.getFields()[name] : undefined;
}

function intersection(owners: ReadonlySet<string>, at: ReadonlySet<string> | undefined): ReadonlySet<string> {
  return at ? new Set([...owners].filter((owner) => at.has(owner))) : owners;
}

/** The average length of introspection's lists in this schema, the only one that the router answers for. */
function sizesOfIntrospection(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const lengths = new Map<string, number[]>();
  const add = (name: string, length: number) => lengths.set(name, [...(lengths.get(name) ?? []), length]);
  add('types', types.length);
  add('directives', schema.getDirectives().length);
  for (const type of types) {
    add('possibleTypes', isAbstractType(type) ? schema.getPossibleTypes(type).length : 0);
    if ('getInterfaces' in type) add('interfaces', type.getInterfaces().length);
    if ('getValues' in type) add('enumValues', type.getValues().length);
    if (!('getFields' in type)) continue;
    if (isInputObjectType(type)) {
      add('inputFields', Object.keys(type.getFields()).length);
      continue;
    }
    const fields = Object.values(type.getFields());
    add('fields', fields.length);
    for (const { args } of fields) add('args', args.length);
  }
  const mean = (of: readonly number[]) => of.reduce((sum, each) => sum + each, 0) / of.length;
  return new Map([...lengths].map(([name, of]) => [name, mean(of)]));
}
