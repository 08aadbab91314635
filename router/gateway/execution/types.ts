import { isAbstractType, isInterfaceType, type GraphQLSchema } from 'graphql';
import type { TypeTest } from './values.ts';

/** Knows the types of a schema: which are, or may stand for, which. */
export function createTypeTest(schema: GraphQLSchema): TypeTest {
  const known = new Map<string, ReadonlySet<string>>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isAbstractType(type)) continue;
    const names = schema.getPossibleTypes(type).map(({ name }) => name);
    if (isInterfaceType(type)) names.push(...schema.getImplementations(type).interfaces.map(({ name }) => name));
    known.set(type.name, new Set(names));
  }
  return (name, wanted) => name === wanted || (typeof name === 'string' && known.get(wanted)?.has(name) === true);
}
