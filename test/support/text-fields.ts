import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

/** A position in the graph where a client may write text, and a query for it. */
export interface TextField {
  /** `Mutation.registerBike(input.color)` */
  name: string;
  /** The argument's or input field's own name. */
  own: string;
  /** In one of the lists whose items are answered separately. */
  path: readonly string[];
  query: string;
  variables(text: string): Record<string, unknown>;
}

/** How deep to follow fields that lead to more fields. */
const deepest = 3;
/** Types whose values a client writes as text. */
const textTypes = new Set(['String', 'ID', 'Cursor']);

/** Every argument of type String, ID or Cursor, of every field that a query or mutation reaches, once. */
export function textFieldsIn(schema: GraphQLSchema): TextField[] {
  const found = new Map<string, TextField>();

  function visit(operation: string, type: GraphQLObjectType, before: (inner: string) => string, depth: number): void {
    for (const field of Object.values(type.getFields())) {
      const inner = getNamedType(field.type);
      const selection = isObjectType(inner) ? ' { __typename }' : '';
      for (const argument of field.args) {
        for (const path of textPaths(argument.type)) {
          const name = `${type.name}.${field.name}(${[argument.name, ...path].join('.')})`;
          if (found.has(name)) continue;
          const others = field.args.filter((other) => other !== argument && isNonNullType(other.type));
          const given = [`${argument.name}: $text`, ...others.map((other) => `${other.name}: ${literal(other.type)}`)];
          found.set(name, {
            name,
            own: path.findLast((step) => step !== '0') ?? argument.name,
            path: [argument.name, ...path],
            query: `${operation} ($text: ${String(argument.type)}) ${before(`${field.name}(${given.join(', ')})${selection}`)}`,
            variables: (text) => ({ text: filled(argument.type, path, text) }),
          });
        }
      }
      if (!isObjectType(inner) || depth === deepest) continue;
      const needed = field.args.filter(({ type: needs }) => isNonNullType(needs));
      const given = needed.map((argument) => `${argument.name}: ${literal(argument.type)}`);
      const call = `${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}`;
      // A mutation is executed once for its own arguments; queries reach the types that it returns.
      if (operation === 'query') visit(operation, inner, (more) => before(`${call} { ${more} }`), depth + 1);
    }
  }

  for (const [operation, root] of [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
  ] as const) {
    if (root) visit(operation, root, (inner) => `{ ${inner} }`, 1);
  }
  return [...found.values()];
}

function textPaths(type: GraphQLInputType, depth = 0): string[][] {
  if (isNonNullType(type)) return textPaths(type.ofType, depth);
  if (isListType(type)) return textPaths(type.ofType, depth).map((path) => ['0', ...path]);
  if (isScalarType(type)) return textTypes.has(type.name) ? [[]] : [];
  if (!isInputObjectType(type) || depth > deepest) return [];
  return Object.values(type.getFields()).flatMap((field) =>
    textPaths(field.type, depth + 1).map((path) => [field.name, ...path]),
  );
}

/** A value of the type with the text in this position, and otherwise only required fields. */
function filled(type: GraphQLInputType, path: readonly string[], text: string): unknown {
  if (isNonNullType(type)) return filled(type.ofType, path, text);
  if (isListType(type)) return [filled(type.ofType, path.slice(1), text)];
  if (!isInputObjectType(type)) return text;
  const values = Object.values(type.getFields()).flatMap((field): [string, unknown][] => {
    if (field.name === path[0]) return [[field.name, filled(field.type, path.slice(1), text)]];
    return isNonNullType(field.type) ? [[field.name, sample(field.type)]] : [];
  });
  return Object.fromEntries(values);
}

const samples: Record<string, unknown> = {
  Int: 1,
  Long: 1,
  Float: 1,
  Boolean: false,
  String: 'x',
  ID: '10',
  DateTime: '2026-11-23T09:00:00Z',
};

function sample(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sample(type.ofType);
  if (isListType(type)) return [sample(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isScalarType(type)) return samples[type.name];
  return filled(type, [], '');
}

function literal(type: GraphQLInputType): string {
  const value = sample(type);
  return isEnumType(getNamedType(type)) ? String(value) : JSON.stringify(value);
}
