import {
  getNamedType,
  getNullableType,
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  typeFromAST,
  valueFromASTUntyped,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLError,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedInputType,
  type GraphQLSchema,
  type GraphQLType,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type TypeNode,
} from 'graphql';
import { routerError } from '../client-errors.ts';
import { readDeclaredCost, type ListSize } from './declared-cost.ts';
import type { Graph } from './graph.ts';
import type { Variables } from './variables.ts';

/**
 * What an operation asks for at most: about the number of values in its answer, with more for what takes longer, unless
 * the supergraph says what a field costs (declared-cost.ts). An error where an argument is missing that says how much.
 */
export type CostOf = (
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  coerced: Variables,
) => Cost | GraphQLError;

export interface Cost {
  cost: number;
  /** The list for which an argument asks for most. */
  longest: AskedList | undefined;
}

export interface AskedList {
  /** As in `Query.bikes`. */
  field: string;
  argument: string;
  items: number;
  /** The most that the supergraph expects of it. */
  expected: number | undefined;
}

/** The assumed length of a list without `@listSize`: most are shorter, few longer. */
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
  /** How long the object's lists are, or some of them; undefined when nothing says so. */
  sized: { items: number; fields: readonly string[] | undefined } | undefined;
}

export function createCost(graph: Graph): CostOf {
  const { schema, ownersOf } = graph;
  const introspectionSizes = sizesOfIntrospection(schema);
  const declared = readDeclaredCost(graph);
  /** Of operations whose variables do not say how much is asked for. */
  const known = new WeakMap<OperationDefinitionNode, ReturnType<CostOf>>();

  const costOf: CostOf = (operation, fragments, coerced) => {
    let mistake: GraphQLError | undefined;
    let longest: AskedList | undefined;

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
      const weight = declared.weightOf(place.type, field.name, type.name);
      const size = sizeOf(node, field, place);
      const isList = isListType(getNullableType(field.type));
      const isSizedItself = size !== undefined && (size.fields === undefined || size.fields.length === 0);
      const ofPage = place.sized?.fields?.includes(field.name) !== false ? place.sized?.items : undefined;
      const ownItems = isSizedItself ? size.items : undefined;
      const items = isList ? (ownItems ?? ofPage ?? introspectionSizes.get(field.name) ?? assumedItems) : 1;

      const isOfSchema = isIntrospectionType(type) || isIntrospectionType(place.type);
      const letters = (node.alias ?? node.name).value.length;
      let each = weight ?? (isOfSchema ? introspectionValueCost : 1);
      each += Math.floor(letters / lettersPerValue);
      let once = givenCost(node, field, place);
      if (weight === undefined && place.at === undefined && place.type === schema.getMutationType())
        once += mutationCost;
      if (size?.isPage) once += pageCost;
      if (place.at !== undefined && owners.size > 0 && here.size === 0) once += entityCost;
      if (inner && !isOfSchema && place.path.includes(inner.name)) each += returnCost;
      if (inner && node.selectionSet) {
        each += selectionCost(node.selectionSet, {
          type: inner,
          at: here.size > 0 ? here : owners,
          path: [...place.path, inner.name],
          sized: isList && isSizedItself ? undefined : size,
        });
      }
      return Math.max(0, once + items * each);
    }

    /** What the supergraph says that arguments cost, and what is in them. */
    function givenCost(node: FieldNode, field: GraphQLField<unknown, unknown>, { type }: Place): number {
      let cost = 0;
      for (const argument of node.arguments ?? []) {
        cost += declared.argumentWeightOf(type, field.name, argument.name.value);
        const definition = declared.weighsInputs && field.args.find(({ name }) => name === argument.name.value);
        if (definition) cost += inputCost(valueFromASTUntyped(argument.value, coerced), getNamedType(definition.type));
      }
      return cost;
    }

    function inputCost(value: unknown, type: GraphQLNamedInputType): number {
      if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + inputCost(each, type), 0);
      if (!isInputObjectType(type) || !isObject(value)) return 0;
      const fields = type.getFields();
      return Object.entries(value).reduce((sum, [name, given]) => {
        const field = fields[name];
        if (!field || given === undefined) return sum;
        return sum + declared.inputWeightOf(type.name, name) + inputCost(given, getNamedType(field.type));
      }, 0);
    }

    function sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>, { type }: Place): Size | undefined {
      const lists = declared.listsOf(type, field.name);
      if (lists.length === 0) {
        const items = givenItems(node);
        return items === undefined ? undefined : { items, fields: undefined, isPage: true };
      }
      const sizes = lists.map((list): Size => {
        let given = 0;
        let most: number | undefined;
        for (const argument of list.slicingArguments) {
          const asked = slicedTo(argument, node, field);
          if (asked === undefined) continue;
          given += 1;
          if (asked === null) continue;
          most = Math.max(most ?? 0, asked);
          if (asked > (longest?.items ?? 0)) {
            longest = { field: `${type.name}.${field.name}`, argument, items: asked, expected: list.assumedSize };
          }
        }
        if (list.requireOneSlicingArgument && given !== 1) mistake ??= notSliced(type.name, field.name, list);
        const items = most ?? list.assumedSize ?? assumedItems;
        const fields =
          list.sizedFields.length > 0 || isListType(getNullableType(field.type)) ? list.sizedFields : undefined;
        return { items, fields, isPage: list.slicingArguments.length > 0 };
      });
      return sizes.reduce((largest, each) => (each.items > largest.items ? each : largest));
    }

    /** How many items an argument asks for, or its default; null when it is given as null. */
    function slicedTo(name: string, node: FieldNode, field: GraphQLField<unknown, unknown>): number | null | undefined {
      const given = node.arguments?.find((each) => each.name.value === name)?.value;
      const asked: unknown = given && valueFromASTUntyped(given, coerced);
      return (asked === undefined ? field.args.find((each) => each.name === name)?.defaultValue : asked) as
        number | null;
    }

    /**
     * What is given a list, by itself or in an input, answers with as much: a call of a thousand lines, as many
     * results.
     */
    function givenItems(node: FieldNode): number | undefined {
      if (!node.arguments?.length) return undefined;
      const given: unknown[] = node.arguments.map(({ value }) => valueFromASTUntyped(value, coerced));
      const inputs = given.flatMap((value): unknown[] => (isObject(value) ? Object.values(value) : []));
      const items = Math.max(...[...given, ...inputs].map((value) => (Array.isArray(value) ? value.length : 0)));
      return items > assumedItems ? items : undefined;
    }

    const root = schema.getRootType(operation.operation);
    const whole: Place | null | undefined = root && { type: root, at: undefined, path: [], sized: undefined };
    const cost = whole ? selectionCost(operation.selectionSet, whole) : 0;
    return mistake ?? { cost, longest };
  };

  return (operation, fragments, coerced) => {
    const before = known.get(operation);
    if (before) return before;
    const cost = costOf(operation, fragments, coerced);
    if (operation.variableDefinitions?.every(({ type }) => saysNothing(type))) known.set(operation, cost);
    return cost;
  };

  /** A name or a choice, one for itself: neither a number of items nor a list of them; or an input of such. */
  function saysNothing(type: TypeNode): boolean {
    const named = typeFromAST(schema, type as NamedTypeNode);
    if (isChoice(named)) return true;
    const input = isNonNullType(named) ? named.ofType : named;
    return isInputObjectType(input) && !declared.weighsInputs && Object.values(input.getFields()).every(isOneNumber);
  }
}

function isChoice(given: GraphQLType | undefined): boolean {
  const type = isNonNullType(given) ? given.ofType : given;
  return isEnumType(type) || type === GraphQLString || type === GraphQLID || type === GraphQLBoolean;
}

/** A number in an input is no number of items: only arguments are. */
function isOneNumber({ type: given }: GraphQLInputField): boolean {
  const type = isNonNullType(given) ? given.ofType : given;
  return isChoice(type) || type === GraphQLInt || type === GraphQLFloat;
}

interface Size {
  items: number;
  /** Fields of what is returned that are so long, all that are lists if undefined, or none but the field itself. */
  fields: readonly string[] | undefined;
  isPage: boolean;
}

function notSliced(type: string, field: string, { slicingArguments }: ListSize): GraphQLError {
  const which = slicingArguments.map((name) => `"${name}"`).join(', ');
  return routerError('BAD_USER_INPUT', `${type}.${field} must be asked for with one of ${which}, and with one only.`);
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
