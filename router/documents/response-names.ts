import { Kind, visit, type DocumentNode, type FieldNode } from 'graphql';

export interface SeparatedDocument {
  document: DocumentNode;
  /** The client's response name for one that the document is run under. */
  nameOf(name: string): string;
}

/** Also JavaScript's own: answers are plain objects, which have these properties or would lose them. */
const names = ['__typename', ...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

/**
 * The planner selects keys and `@requires` fields under their own names, in the client's own selection sets. If the
 * client aliases another field to such a name, it would receive the key, and the next subgraph would be sent a wrong
 * one. So the router renames such a field to a unique alias, and restores the client's alias in the answer.
 * @param planned names of fields that the planner asks for.
 */
export function separateNames(text: string, document: DocumentNode, planned: ReadonlySet<string>): SeparatedDocument {
  let prefix = 'asked_';
  while (text.includes(prefix)) prefix += '_';
  const separated = new Set<string>();
  const taken = (name: string) => planned.has(name) || names.includes(name);
  const renamed = visit(document, {
    Field(field): FieldNode | undefined {
      const name = field.alias?.value ?? field.name.value;
      // The planner selects without arguments: with them, it is another field.
      if (!taken(name) || (name === field.name.value && !field.arguments?.length)) return undefined;
      separated.add(name);
      return { ...field, alias: { kind: Kind.NAME, value: prefix + name } };
    },
  });
  if (separated.size === 0) return { document, nameOf: (name) => name };
  return { document: renamed, nameOf: (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name) };
}
