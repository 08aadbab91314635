import {
  Kind,
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { argumentOf, isDefer, type DeferringOperation } from '../../documents/defer.ts';

/** A fragment that is answered later than what is around it: `@defer` at one place of the operation. */
export interface DeferUsage {
  label: string | undefined;
  /** The deferred fragment around it. */
  parent: DeferUsage | undefined;
}

/** What an operation defers. */
export interface Deferral {
  /** Every fragment stands where it is spread. */
  operation: OperationDefinitionNode;
  usages: readonly DeferUsage[];
  usageOf(fragment: InlineFragmentNode): DeferUsage | undefined;
  /** The innermost deferred fragment around a field. */
  around(field: FieldNode): DeferUsage | undefined;
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** Selections with every fragment where it is spread, each time with nodes of its own. */
export function inlined({ selections }: SelectionSetNode, fragments: Fragments): SelectionSetNode {
  return {
    kind: Kind.SELECTION_SET,
    selections: selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FIELD) {
        const { selectionSet } = selection;
        return [selectionSet ? { ...selection, selectionSet: inlined(selectionSet, fragments) } : { ...selection }];
      }
      const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (!part) return [];
      const { directives = [] } = selection;
      const { typeCondition } = part;
      const selectionSet = inlined(part.selectionSet, fragments);
      return [{ kind: Kind.INLINE_FRAGMENT, ...(typeCondition ? { typeCondition } : {}), directives, selectionSet }];
    }),
  };
}

/** Reads what an operation defers: its `@defer` have been decided (documents/conditions.ts). */
export function readDeferral(given: DeferringOperation): Deferral {
  const operation = { ...given.operation, selectionSet: inlined(given.operation.selectionSet, given.fragments) };
  const usages = new Map<InlineFragmentNode, DeferUsage>();
  const around = new Map<FieldNode, DeferUsage>();
  const walk = ({ selections }: SelectionSetNode, outer: DeferUsage | undefined): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        if (outer) around.set(selection, outer);
        if (selection.selectionSet) walk(selection.selectionSet, outer);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const defer = selection.directives?.find(isDefer);
        const usage = defer && { label: labelOf(defer), parent: outer };
        if (usage) usages.set(selection, usage);
        walk(selection.selectionSet, usage ?? outer);
      }
    }
  };
  walk(operation.selectionSet, undefined);
  return {
    operation,
    usages: [...usages.values()],
    usageOf: (fragment) => usages.get(fragment),
    around: (field) => around.get(field),
  };
}

function labelOf(defer: DirectiveNode): string | undefined {
  const label = argumentOf(defer, 'label');
  return label?.kind === Kind.STRING ? label.value : undefined;
}

/** The fragments that a field is answered with: where it is asked for earlier too, that is early enough. */
export function groupOf(usages: readonly (DeferUsage | undefined)[]): ReadonlySet<DeferUsage> {
  const given = new Set<DeferUsage>();
  for (const usage of usages) {
    if (!usage) return nothingDeferred;
    given.add(usage);
  }
  for (const usage of given) if (ancestorsOf(usage).some((ancestor) => given.has(ancestor))) given.delete(usage);
  return given;
}

export const nothingDeferred: ReadonlySet<DeferUsage> = new Set();

export function ancestorsOf({ parent }: DeferUsage): DeferUsage[] {
  return parent ? [parent, ...ancestorsOf(parent)] : [];
}

export const isSameGroup = (one: ReadonlySet<DeferUsage>, other: ReadonlySet<DeferUsage>) =>
  one.size === other.size && [...one].every((usage) => other.has(usage));
