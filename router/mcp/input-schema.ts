import {
  getNamedType,
  GraphQLScalarType,
  isEnumType,
  isListType,
  isNonNullType,
  typeFromAST,
  valueFromASTUntyped,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql';

/** JSON Schema 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const largestInt = 2 ** 31 - 1;

export const ofBuiltIns: Readonly<Record<string, JsonSchema>> = {
  Int: { type: 'integer', minimum: -largestInt - 1, maximum: largestInt },
  Float: { type: 'number' },
  String: { type: 'string' },
  ID: { type: 'string' },
  Boolean: { type: 'boolean' },
};

/**
 * What an operation takes as variables. Whatever fits the schema, GraphQL takes too; the other way round, GraphQL also
 * takes a single value for a list, and a number for an ID.
 *
 * @param told what is said of a variable, where it is used.
 */
export function inputSchemaOf(
  { variableDefinitions = [] }: OperationDefinitionNode,
  schema: GraphQLSchema,
  told: ReadonlyMap<string, string> = new Map(),
): JsonSchema {
  // Apart, under their names: inputs may contain each other, and one may be in many places.
  const named = new Map<string, JsonSchema>();

  function schemaOf(type: GraphQLInputType): JsonSchema {
    return isNonNullType(type) ? schemaOfValue(type.ofType) : orNull(schemaOfValue(type));
  }

  function schemaOfValue(type: GraphQLInputType): JsonSchema {
    if (isListType(type)) return { type: 'array', items: schemaOf(type.ofType) };
    const inner = getNamedType(type);
    if (inner instanceof GraphQLScalarType) return ofScalar(inner);
    if (!named.has(inner.name)) {
      named.set(inner.name, {});
      named.set(inner.name, ofNamed(inner));
    }
    return { $ref: `#/$defs/${inner.name}` };
  }

  function ofNamed(type: Exclude<GraphQLNamedInputType, GraphQLScalarType>): JsonSchema {
    const description = type.description ?? undefined;
    if (!isEnumType(type)) return { ...described(description), ...ofInput(type) };
    const values = type.getValues();
    const explained = values.flatMap((value) => (value.description ? [`${value.name}: ${value.description}`] : []));
    return {
      ...described([description, ...explained].filter((each) => each !== undefined).join('\n')),
      type: 'string',
      enum: values.map(({ name }) => name),
    };
  }

  function ofInput(type: GraphQLInputObjectType): JsonSchema {
    const fields = Object.values(type.getFields());
    const properties = fields.map(
      (field) =>
        [
          field.name,
          // Exactly one field of a @oneOf is given, and it is not null.
          property(type.isOneOf ? schemaOfValue(field.type) : schemaOf(field.type), {
            description: field.description ?? undefined,
            defaultValue: field.astNode?.defaultValue,
          }),
        ] as const,
    );
    const required = fields.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined);
    return {
      ...objectWith(
        properties,
        required.map(({ name }) => name),
      ),
      ...(type.isOneOf ? { minProperties: 1, maxProperties: 1 } : {}),
    };
  }

  const variables = variableDefinitions.flatMap(({ variable, type: node, defaultValue, description }) => {
    const type = typeFromAST(schema, node) as GraphQLInputType | undefined;
    const name = variable.name.value;
    return type ? [{ name, type, defaultValue, description: description?.value ?? told.get(name) }] : [];
  });
  const root = objectWith(
    variables.map(({ name, type, ...more }) => [name, property(schemaOf(type), more)] as const),
    variables
      .filter(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined)
      .map(({ name }) => name),
  );
  return named.size === 0 ? root : { ...root, $defs: Object.fromEntries(named) };
}

const anything: JsonSchema = { type: ['string', 'number', 'boolean', 'array', 'object'] };

/** A scalar of a supergraph may be any JSON, unless its rules say what (`extensions.jsonSchema`, as graphql-scalars has it). */
function ofScalar({ name, description, extensions }: GraphQLScalarType): JsonSchema {
  const builtIn = ofBuiltIns[name];
  if (builtIn) return builtIn;
  const given: unknown = extensions['jsonSchema'];
  return { ...described(description ?? undefined), ...(typeof given === 'object' ? given : anything) };
}

export function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  if (Array.isArray(values)) return { ...schema, type: [type, 'null'], enum: [...(values as unknown[]), null] };
  return type === undefined ? { anyOf: [schema, { type: 'null' }] } : { ...schema, type: [type, 'null'].flat() };
}

interface About {
  description: string | undefined;
  defaultValue: ValueNode | undefined;
}

function property(schema: JsonSchema, { description, defaultValue }: About): JsonSchema {
  const preset: unknown = defaultValue && valueFromASTUntyped(defaultValue);
  return { ...schema, ...described(description), ...(preset === undefined ? {} : { default: preset }) };
}

const described = (description: string | undefined) => (description ? { description } : {});

const objectWith = (properties: readonly (readonly [string, JsonSchema])[], required: readonly string[]) => ({
  type: 'object',
  properties: Object.fromEntries(properties),
  ...(required.length > 0 ? { required } : {}),
  additionalProperties: false,
});
