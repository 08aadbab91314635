import { Kind, print, visit, type ArgumentNode, type DocumentNode, type FieldNode, type NameNode } from 'graphql';
import type { Graph } from './graph.ts';

export interface SeparatedDocument {
  document: DocumentNode;
  /** The client's name, of a response or a variable, for one that the document is run under. */
  nameOf(name: string): string;
  /** Variables, under the names that the document is run under. */
  variablesOf(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

/** Also JavaScript's own: answers are plain objects, which have these properties or would lose them. */
const inherited = new Set(Object.getOwnPropertyNames(Object.prototype));
const names = new Set(['__typename', ...inherited, 'prototype']);

/** What planners call fields that would be in each other's way. */
const plannersOwn = /^_internal_qp_alias_|__alias_\d+$/;

/** What planners call the variables with entities' keys. */
const isReservedVariable = (name: string) =>
  name === 'representations' || name.startsWith('__batch_reps_') || names.has(name);

/**
 * The planner selects keys and `@requires` fields under their own names, in the client's own selection sets. If the
 * client aliases another field to such a name, it would receive the key, and the next subgraph would be sent a wrong
 * one. Where two members of an interface have different fields under one name, planners ask all members for one of
 * them. So the router gives such fields unique aliases, and restores the client's in the answer. Variables of the client
 * that have the name of a planner's are renamed likewise.
 */
export function separateNames(
  text: string,
  document: DocumentNode,
  { planned, plannedWithArguments }: Pick<Graph, 'planned' | 'plannedWithArguments'>,
): SeparatedDocument {
  let prefix = 'asked_';
  while (text.includes(prefix)) prefix += '_';
  /** The client's names, by those in their places. */
  const clients = new Map<string, string>();
  const variables = new Map<string, string>();
  const another = (name: string, at = 0): NameNode => {
    const value = `${prefix}${at > 0 ? `${at}_` : ''}${name}`;
    clients.set(value, name);
    return { kind: Kind.NAME, value };
  };
  const isTaken = (name: string) => planned.has(name) || names.has(name) || plannersOwn.test(name);
  /** The fields that each response name stands for; the first keeps it, unless it is a planner's. */
  const meanings = new Map<string, string[]>();
  visit(document, {
    Field(field) {
      const name = nameOf(field);
      const known = meanings.get(name) ?? [];
      if (known.length === 0) meanings.set(name, known);
      const meaning = meaningOf(field);
      if (known.includes(meaning)) return;
      if (meaning === name) known.unshift(meaning);
      else known.push(meaning);
    },
  });
  const renamed = visit(document, {
    Field(field): FieldNode | undefined {
      const name = nameOf(field);
      const meaning = meaningOf(field);
      // The same field, as the planner selects it.
      if (meaning === name && !plannedWithArguments.has(name) && !inherited.has(name)) return undefined;
      const at = meanings.get(name)?.indexOf(meaning) ?? 0;
      return at > 0 || isTaken(name) ? { ...field, alias: another(name, at) } : undefined;
    },
    Variable(variable) {
      const name = variable.name.value;
      if (!isReservedVariable(name)) return undefined;
      const own = another(name);
      variables.set(name, own.value);
      return { ...variable, name: own };
    },
  });
  return {
    document: clients.size === 0 ? document : renamed,
    nameOf: (name) => clients.get(name) ?? name,
    variablesOf: (given) =>
      variables.size === 0
        ? given
        : Object.fromEntries(Object.entries(given).map(([name, value]) => [variables.get(name) ?? name, value])),
  };
}

const nameOf = ({ alias, name }: FieldNode) => (alias ?? name).value;

/** What a field asks for, whatever it is called: its name alone where it is given nothing. */
const meaningOf = ({ name, arguments: given = [] }: FieldNode) =>
  given.length > 0
    ? `${name.value}(${given
        .map((each) => print(inOrder(each)))
        .toSorted()
        .join()})`
    : name.value;

/** Fields of an input mean the same in any order, also to validation. */
const inOrder = (argument: ArgumentNode): ArgumentNode =>
  visit(argument, {
    ObjectValue: {
      leave: (node) => ({
        ...node,
        fields: node.fields.toSorted((one, other) => (one.name.value < other.name.value ? -1 : 1)),
      }),
    },
  });
