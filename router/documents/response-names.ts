import { Kind, visit, type DocumentNode, type FieldNode, type NameNode } from 'graphql';
import type { Graph } from './graph.ts';

export interface SeparatedDocument {
  document: DocumentNode;
  /** The client's name, of a response or a variable, for one that the document is run under. */
  nameOf(name: string): string;
  /** Variables, under the names that the document is run under. */
  variablesOf(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

/** Also JavaScript's own: answers are plain objects, which have these properties or would lose them. */
const names = new Set(['__typename', ...Object.getOwnPropertyNames(Object.prototype), 'prototype']);

/** What planners call fields that would be in each other's way. */
const plannersOwn = /^_internal_qp_alias_|__alias_\d+$/;

/** What planners call the variables with entities' keys. */
const isReservedVariable = (name: string) =>
  name === 'representations' || name.startsWith('__batch_reps_') || names.has(name);

/**
 * The planner selects keys and `@requires` fields under their own names, in the client's own selection sets. If the
 * client aliases another field to such a name, it would receive the key, and the next subgraph would be sent a wrong
 * one. So the router renames such a field to a unique alias, and restores the client's alias in the answer. Variables
 * of the client that have the name of a planner's are renamed likewise.
 */
export function separateNames(
  text: string,
  document: DocumentNode,
  { planned, plannedWithArguments }: Pick<Graph, 'planned' | 'plannedWithArguments'>,
): SeparatedDocument {
  let prefix = 'asked_';
  while (text.includes(prefix)) prefix += '_';
  const separated = new Set<string>();
  const variables = new Map<string, string>();
  const taken = (name: string) => planned.has(name) || names.has(name) || plannersOwn.test(name);
  const another = (name: string): NameNode => ({ kind: Kind.NAME, value: prefix + name });
  const renamed = visit(document, {
    Field(field): FieldNode | undefined {
      const name = field.alias?.value ?? field.name.value;
      if (!taken(name)) return undefined;
      // The same field, as the planner selects it.
      const isSame = name === field.name.value && !field.arguments?.length && !plannedWithArguments.has(name);
      if (isSame) return undefined;
      separated.add(name);
      return { ...field, alias: another(name) };
    },
    Variable(variable) {
      const name = variable.name.value;
      if (!isReservedVariable(name)) return undefined;
      variables.set(name, prefix + name);
      return { ...variable, name: another(name) };
    },
  });
  const isUnchanged = separated.size === 0 && variables.size === 0;
  return {
    document: isUnchanged ? document : renamed,
    nameOf: isUnchanged ? (name) => name : (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name),
    variablesOf: (given) =>
      variables.size === 0
        ? given
        : Object.fromEntries(Object.entries(given).map(([name, value]) => [variables.get(name) ?? name, value])),
  };
}
