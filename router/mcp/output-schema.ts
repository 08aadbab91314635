import {
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  TypeNameMetaFieldDef,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLLeafType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { ofBuiltIns, orNull, type JsonSchema } from './input-schema.ts';

/** What is selected of an object, and whether of every one. */
interface Selected {
  set: SelectionSetNode;
  isSure: boolean;
}

interface Field {
  /** Several where members of an interface or union have different ones under the name. */
  types: Map<string, GraphQLOutputType>;
  inner: Selected[];
  /** Whether every object has it. */
  isSure: boolean;
}

const errors: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: { message: { type: 'string' }, path: { type: 'array' }, extensions: { type: 'object' } },
    required: ['message'],
  },
};

/** What an operation is answered with: every answer fits it, with and without errors. */
export function outputSchemaOf(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  schema: GraphQLSchema,
): JsonSchema {
  function fieldsOf(type: GraphQLCompositeType, sets: readonly Selected[]): Map<string, Field> {
    const fields = new Map<string, Field>();
    const covers = (other: GraphQLCompositeType) =>
      other === type || (isAbstractType(other) && !isAbstractType(type) && schema.isSubType(other, type));
    const gather = (of: GraphQLCompositeType, { set, isSure }: Selected): void => {
      for (const selection of set.selections) {
        // @skip, @include, @defer.
        const isHere = isSure && !selection.directives?.length;
        if (selection.kind !== Kind.FIELD) {
          const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
          const on = part?.typeCondition ? schema.getType(part.typeCondition.name.value) : of;
          if (part && isCompositeType(on)) gather(on, { set: part.selectionSet, isSure: isHere && covers(on) });
          continue;
        }
        const { alias, name, selectionSet } = selection;
        const definition =
          name.value === TypeNameMetaFieldDef.name
            ? TypeNameMetaFieldDef
            : isObjectType(of) || isInterfaceType(of)
              ? of.getFields()[name.value]
              : undefined;
        if (!definition) continue;
        const key = (alias ?? name).value;
        const field: Field = fields.get(key) ?? { types: new Map(), inner: [], isSure: false };
        fields.set(key, field);
        field.types.set(String(definition.type), definition.type);
        if (selectionSet) field.inner.push({ set: selectionSet, isSure: isHere });
        field.isSure ||= isHere;
      }
    };
    for (const each of sets) gather(type, each);
    return fields;
  }

  function objectOf(type: GraphQLCompositeType, sets: readonly Selected[]): JsonSchema {
    const fields = [...fieldsOf(type, sets)];
    const required = fields.flatMap(([key, { isSure }]) => (isSure ? [key] : []));
    return {
      type: 'object',
      properties: Object.fromEntries(
        fields.map(([key, { types, inner }]) => {
          const schemas = [...types.values()].map((each) => schemaOf(each, inner));
          return [key, schemas.length === 1 ? schemas[0] : { anyOf: schemas }];
        }),
      ),
      ...(required.length > 0 ? { required } : {}),
    };
  }

  function schemaOf(type: GraphQLOutputType, inner: readonly Selected[]): JsonSchema {
    const value = schemaOfValue(getNullableType(type), inner);
    // What may be anything may be null.
    return isNonNullType(type) || Object.keys(value).length === 0 ? value : orNull(value);
  }

  function schemaOfValue(type: GraphQLOutputType, inner: readonly Selected[]): JsonSchema {
    if (isListType(type)) return { type: 'array', items: schemaOf(type.ofType, inner) };
    if (isCompositeType(type)) return objectOf(type, inner);
    return ofLeaf(type);
  }

  const root = schema.getRootType(operation.operation);
  const data = root ? orNull(objectOf(root, [{ set: operation.selectionSet, isSure: true }])) : {};
  return { type: 'object', properties: { data, errors } };
}

/** Other scalars are answered as their subgraph gives them. */
const ofLeaf = (type: GraphQLLeafType): JsonSchema =>
  isEnumType(type) ? { type: 'string', enum: type.getValues().map(({ name }) => name) } : (ofBuiltIns[type.name] ?? {});
