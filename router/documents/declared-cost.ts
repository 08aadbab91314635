import {
  isAbstractType,
  isTypeDefinitionNode,
  Kind,
  valueFromASTUntyped,
  type ConstDirectiveNode,
  type GraphQLCompositeType,
} from 'graphql';
import type { Graph } from './graph.ts';

/** What a supergraph says that its fields cost: `@cost` and `@listSize` of https://specs.apollo.dev/cost. */
export interface DeclaredCost {
  /** Of one value of a field, that returns this type. */
  weightOf(parent: GraphQLCompositeType, field: string, returned: string): number | undefined;
  /** Of an argument that is given. */
  argumentWeightOf(parent: GraphQLCompositeType, field: string, argument: string): number;
  /** Of a field of an input that is given. */
  inputWeightOf(input: string, field: string): number;
  /** Whether inputs have weights at all. */
  weighsInputs: boolean;
  /** How long its lists are: of an abstract type's field, on every type that the object may be. */
  listsOf(parent: GraphQLCompositeType, field: string): readonly ListSize[];
}

export interface ListSize {
  /** How many items, when no argument says. */
  assumedSize: number | undefined;
  /** Arguments, of type Int, that say how many items. */
  slicingArguments: readonly string[];
  /** Fields of the returned object that are so long; none if the field itself is the list. */
  sizedFields: readonly string[];
  requireOneSlicingArgument: boolean;
}

export function readDeclaredCost({
  document,
  features,
  supergraph,
}: Pick<Graph, 'document' | 'features' | 'supergraph'>): DeclaredCost {
  const cost = features.directive('cost');
  const listSize = features.directive('cost', 'listSize');
  const weights = new Map<string, number>();
  const lists = new Map<string, ListSize>();
  let weighsInputs = false;

  function read(place: string, directives: readonly ConstDirectiveNode[] = []): boolean {
    for (const { name, arguments: args = [] } of directives) {
      const given = Object.fromEntries(args.map((each) => [each.name.value, valueFromASTUntyped(each.value)]));
      if (name.value === listSize) lists.set(place, listSizeOf(given));
      if (name.value === cost) weights.set(place, Number(given['weight']));
    }
    return weights.has(place);
  }

  for (const definition of document.definitions) {
    if (!isTypeDefinitionNode(definition)) continue;
    const type = definition.name.value;
    read(type, definition.directives);
    if (!('fields' in definition)) continue;
    for (const field of definition.fields ?? []) {
      const place = `${type}.${field.name.value}`;
      const isWeighed = read(place, field.directives);
      if (field.kind === Kind.INPUT_VALUE_DEFINITION) weighsInputs ||= isWeighed;
      else for (const { name, directives } of field.arguments ?? []) read(`${place}(${name.value})`, directives);
    }
  }

  /** Its own, otherwise those of every type that the object may be. */
  function declared<Declared>(from: ReadonlyMap<string, Declared>, parent: GraphQLCompositeType, rest: string) {
    const own = from.get(`${parent.name}.${rest}`);
    if (own !== undefined) return [own];
    if (!isAbstractType(parent)) return [];
    return supergraph.getPossibleTypes(parent).flatMap(({ name }) => from.get(`${name}.${rest}`) ?? []);
  }

  const none: readonly ListSize[] = [];
  return {
    weighsInputs,
    weightOf(parent, field, returned) {
      const own = weights.size === 0 ? [] : declared(weights, parent, field);
      return own.length > 0 ? Math.max(...own) : weights.get(returned);
    },
    argumentWeightOf(parent, field, argument) {
      return weights.size === 0 ? 0 : Math.max(0, ...declared(weights, parent, `${field}(${argument})`));
    },
    inputWeightOf: (input, field) => weights.get(`${input}.${field}`) ?? 0,
    listsOf: (parent, field) => (lists.size === 0 ? none : declared(lists, parent, field)),
  };
}

const names = (given: unknown) => (Array.isArray(given) ? given.map(String) : []);

function listSizeOf(given: Readonly<Record<string, unknown>>): ListSize {
  const { assumedSize, slicingArguments, sizedFields, requireOneSlicingArgument } = given;
  return {
    assumedSize: typeof assumedSize === 'number' ? assumedSize : undefined,
    slicingArguments: names(slicingArguments),
    sizedFields: names(sizedFields),
    requireOneSlicingArgument: requireOneSlicingArgument !== false && names(slicingArguments).length > 0,
  };
}
