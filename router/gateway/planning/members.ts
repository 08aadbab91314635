import {
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  print,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { EntityFetch, Plan, PlanNode, Rewrite, RootFetch } from './plan.ts';

/**
 * Planners select keys and what is required under their own names, on each member of an interface or union. Where two
 * members have fields of one name and of different types, a subgraph refuses that (GraphQL specification, "Field
 * Selection Merging"): all but the first get another name until the answer is there.
 */
export function separateMembers(plan: Plan, supergraph: GraphQLSchema): Plan {
  const { subscription, node } = plan;
  return {
    ...plan,
    ...(subscription ? { subscription: separateIn(subscription, supergraph) } : {}),
    node: node && separateNode(node, supergraph),
  };
}

function separateNode(node: PlanNode, supergraph: GraphQLSchema): PlanNode {
  switch (node.kind) {
    case 'root':
      return separateIn(node, supergraph);
    case 'entities':
      return separateEntities(node, supergraph);
    case 'sequence':
    case 'parallel':
      return { ...node, nodes: node.nodes.map((each) => separateNode(each, supergraph)) };
  }
}

function separateIn(fetch: RootFetch, supergraph: GraphQLSchema): RootFetch {
  const { operation, rewrites } = separated(fetch.operation, supergraph);
  return rewrites.length === 0 ? fetch : { ...fetch, operation, rewrites: [...rewrites, ...fetch.rewrites] };
}

function separateEntities(fetch: EntityFetch, supergraph: GraphQLSchema): EntityFetch {
  const { operation, rewrites } = separated(fetch.operation, supergraph);
  if (rewrites.length === 0) return fetch;
  const lists = fetch.lists.map((list) => {
    const own = rewrites.flatMap(({ path: [root, ...path], change }) =>
      root && 'field' in root && root.field === list.alias ? [{ path, change }] : [],
    );
    return { ...list, outputRewrites: [...own, ...list.outputRewrites] };
  });
  return { ...fetch, operation, lists };
}

/** A field where it is selected. */
interface Selected {
  node: FieldNode;
  parent: string;
  definition: GraphQLField<unknown, unknown> | undefined;
}

function separated(text: string, supergraph: GraphQLSchema): { operation: string; rewrites: Rewrite[] } {
  const document = parse(text, { noLocation: true });
  const fragments = new Map(
    document.definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  );
  const rewrites: Rewrite[] = [];

  function definitionOf(parent: string, name: string): Selected['definition'] {
    const type = supergraph.getType(parent);
    return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
  }

  /** Every field of a set, by its response name. */
  function fieldsOf(sets: readonly SelectionSetNode[], parent: string): Map<string, Selected[]> {
    const found = new Map<string, Selected[]>();
    const read = ({ selections }: SelectionSetNode, type: string): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          const name = (selection.alias ?? selection.name).value;
          const definition = definitionOf(type, selection.name.value);
          found.set(name, [...(found.get(name) ?? []), { node: selection, parent: type, definition }]);
          continue;
        }
        const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        if (part) read(part.selectionSet, part.typeCondition?.name.value ?? type);
      }
    };
    for (const set of sets) read(set, parent);
    return found;
  }

  /** Of objects only how they are nested in lists, and whether there may be none. */
  const shapeOf = ({ node }: Selected, { type }: GraphQLField<unknown, unknown>) =>
    node.selectionSet ? `{} ${String(type).replace(/\w+/, '')}` : String(type);
  const typeOf = ({ definition }: Selected) => (definition ? getNamedType(definition.type).name : '');
  const setsOf = ({ node: { selectionSet } }: Selected) => (selectionSet ? [selectionSet] : []);

  /** Whether a server may refuse both under one response name. */
  function clash(one: Selected, other: Selected): boolean {
    if (one.definition === other.definition || !one.definition || !other.definition) return false;
    if (hasOwnTypes(one.definition) || hasOwnTypes(other.definition)) return true;
    if (shapeOf(one, one.definition) !== shapeOf(other, other.definition)) return true;
    const [mine, its] = [fieldsOf(setsOf(one), typeOf(one)), fieldsOf(setsOf(other), typeOf(other))];
    return [...mine].some(([name, fields]) =>
      fields.some((field) => its.get(name)?.some((beside) => clash(field, beside))),
    );
  }

  function separateSet(set: SelectionSetNode, parent: string, path: readonly string[]): SelectionSetNode {
    const fields = fieldsOf([set], parent);
    /** What the fields of a parent are called, by their response names. */
    const renamed = new Map<string, string>();
    for (const [name, all] of fields) {
      const kept: Selected[] = [];
      for (const field of all) {
        if (!kept.some((each) => clash(each, field))) kept.push(field);
        else renamed.set(`${field.parent}.${name}`, `${name}__${field.parent}`);
      }
    }
    const write = (selections: readonly SelectionNode[], type: string): SelectionNode[] =>
      selections.map((selection) => {
        if (selection.kind !== Kind.FIELD) {
          const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
          if (!part) return selection;
          const { typeCondition, selectionSet } = part;
          const on = typeCondition?.name.value ?? type;
          return {
            kind: Kind.INLINE_FRAGMENT,
            ...(typeCondition ? { typeCondition } : {}),
            directives: selection.directives ?? [],
            selectionSet: { ...selectionSet, selections: write(selectionSet.selections, on) },
          };
        }
        const name = (selection.alias ?? selection.name).value;
        const another = renamed.get(`${type}.${name}`);
        if (another !== undefined) {
          rewrites.push({ path: [...path, another].map((field) => ({ field })), change: { rename: name } });
        }
        const definition = definitionOf(type, selection.name.value);
        const inner = definition ? getNamedType(definition.type).name : '';
        const { selectionSet } = selection;
        return {
          ...selection,
          ...(another === undefined ? {} : { alias: { kind: Kind.NAME, value: another } }),
          ...(selectionSet ? { selectionSet: separateSet(selectionSet, inner, [...path, name]) } : {}),
        };
      });
    return { ...set, selections: write(set.selections, parent) };
  }

  const definitions = document.definitions.flatMap((each) => {
    if (each.kind !== Kind.OPERATION_DEFINITION) return [];
    const root = supergraph.getRootType(each.operation)?.name ?? '';
    return [{ ...each, selectionSet: separateSet(each.selectionSet, root, []) }];
  });
  return { operation: rewrites.length === 0 ? text : print({ ...document, definitions }), rewrites };
}

/** Whether subgraphs have it with types of their own, which may be stricter. */
const hasOwnTypes = ({ astNode }: GraphQLField<unknown, unknown>) =>
  astNode?.directives?.some(({ arguments: given = [] }) => given.some(({ name }) => name.value === 'type')) === true;
