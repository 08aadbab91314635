import { Kind, visit, type DocumentNode, type FieldNode } from 'graphql';

/** An answer, or one event of a subscription. */
interface Answer {
  data?: Record<string, unknown> | null | undefined;
  errors?: readonly { path?: readonly (string | number)[] | undefined }[] | undefined;
  extensions?: Record<string, unknown> | undefined;
}

export interface SeparatedDocument {
  document: DocumentNode;
  /** Gives an answer to it the names that the client asked for. */
  restore<Given extends Answer>(answer: Given): Given;
}

/** Reserved by JavaScript: answers are merged as plain objects, which lose these keys. */
const names = ['__typename', '__proto__', 'constructor', 'prototype'];

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
  if (separated.size === 0) return { document, restore: (answer) => answer };

  const nameOf = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  function restoreValue(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(restoreValue);
    if (typeof value !== 'object' || value === null) return value;
    return restoreObject(value as Record<string, unknown>);
  }
  function restoreObject(value: Record<string, unknown>): Record<string, unknown> {
    const restored = Object.create(null) as Record<string, unknown>;
    for (const [name, inner] of Object.entries(value)) restored[nameOf(name)] = restoreValue(inner);
    return restored;
  }
  const restorePath = <Located extends { path?: readonly (string | number)[] | undefined }>(
    located: Located,
  ): Located =>
    located.path
      ? { ...located, path: located.path.map((step) => (typeof step === 'string' ? nameOf(step) : step)) }
      : located;

  return {
    document: renamed,
    restore: (answer) => ({
      ...answer,
      ...(answer.data ? { data: restoreObject(answer.data) } : {}),
      ...(answer.errors ? { errors: answer.errors.map(restorePath) } : {}),
    }),
  };
}
