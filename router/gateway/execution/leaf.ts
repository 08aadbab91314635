import { GraphQLError, isEnumType, isSpecifiedScalarType, type GraphQLLeafType } from 'graphql';
import { quoted } from './values.ts';
import { fail, type Write } from './write.ts';

/** Values that need no check or change are written at once; any other as graphql-js would, or not at all. */
export function compileLeaf(type: GraphQLLeafType): Write {
  const simple = isSpecifiedScalarType(type) ? simpleWrites[type.name] : undefined;
  if (!simple && !isEnumType(type)) {
    return (value) => JSON.stringify(value);
  }
  return (value, depth, writing) => {
    const json = simple?.(value);
    if (json !== undefined) return json;
    try {
      return JSON.stringify(type.serialize(value));
    } catch (error) {
      return fail(writing, depth, error instanceof GraphQLError ? error.message : `Expected a ${type.name}.`);
    }
  };
}

const simpleWrites: Record<string, (value: unknown) => string | undefined> = {
  String: (value) => (typeof value === 'string' ? quoted(value) : undefined),
  ID: (value) => (typeof value === 'string' ? quoted(value) : undefined),
  Boolean: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  Int: (value) => (((value as number) | 0) === value ? String(value) : undefined),
  Float: (value) => (Number.isFinite(value) ? String(value) : undefined),
};
