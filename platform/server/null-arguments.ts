import { defaultFieldResolver, isObjectType, type GraphQLArgument, type GraphQLSchema } from 'graphql';

type Given = Record<string, unknown>;

/**
 * GraphQL lets a client send null where an argument has a default, with another meaning than leaving it out. Here they
 * mean the same: null is no value, so the default holds.
 */
export function readNullArguments(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const optional = field.args.filter(({ defaultValue }) => defaultValue !== undefined);
      if (optional.length === 0) continue;
      const { resolve = defaultFieldResolver, subscribe } = field;
      field.resolve = (source, given: Given, ...rest) => resolve(source, filled(given, optional), ...rest);
      if (subscribe)
        field.subscribe = (source, given: Given, ...rest) => subscribe(source, filled(given, optional), ...rest);
    }
  }
}

function filled(given: Given, optional: readonly GraphQLArgument[]): Given {
  const defaults = optional.filter(({ name }) => given[name] === null);
  return { ...given, ...Object.fromEntries(defaults.map(({ name, defaultValue }) => [name, defaultValue])) };
}
