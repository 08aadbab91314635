import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  type GraphQLNamedType,
  type SelectionSetNode,
} from 'graphql';
import type { CheckedOperation } from '../../documents/checked-operation.ts';
import { fragmentsOf } from '../../documents/conditions.ts';
import { isIntrospection, type Graph } from '../../documents/graph.ts';
import type { EntityFetch, EntityList, Path, Plan, PlanNode, Required, Rewrite, RootFetch } from './plan.ts';

export type AnsweringGraph = Pick<Graph, 'supergraph' | 'possibleTypes' | 'ownersOf'>;

type Types = ReadonlySet<string>;

/** What is known of the objects at a spot of the answer, by response name. */
type Spot = Map<string, KnownField>;

interface KnownField {
  /** Types of objects of which it is known, with those of what is in it. */
  of: Map<string, Types>;
  spot: Spot;
}

/**
 * A field that an operation asks for and its plan does not bring, as a path, or an object of which a request asks for
 * nothing; undefined when all is well. The plan is carried out with types in place of values: of each entity the key must be known by then.
 */
export function leftOut(
  plan: Plan,
  { document, operation }: Pick<CheckedOperation, 'document' | 'operation'>,
  { supergraph, possibleTypes, ownersOf }: AnsweringGraph,
): string | undefined {
  const rootType = supergraph.getRootType(operation.operation)?.name ?? '';
  const root: Spot = new Map();
  const rootTypes: Types = new Set([rootType]);
  const only = (types: Types, condition: string | undefined): Types =>
    condition === undefined ? types : new Set([...types].filter((type) => possibleTypes(condition).has(type)));

  function typeOf(parent: string, field: string): GraphQLNamedType | undefined {
    const type = supergraph.getType(parent);
    return getNamedType(isObjectType(type) || isInterfaceType(type) ? type.getFields()[field]?.type : undefined);
  }

  function typesIn(parent: string, field: string): Types {
    const type = typeOf(parent, field);
    return type ? possibleTypes(type.name, ownersOf(parent, field)) : new Set();
  }

  /** An object of which a request asks for no field: its subgraph would refuse all of it. */
  let bare: string | undefined;

  function take(fetch: RootFetch | EntityFetch, bring: (set: SelectionSetNode, read: Read) => void): void {
    const request = parse(fetch.operation, { noLocation: true });
    const fragments = fragmentsOf(request);
    const read: Read = (set, spot, types, renames) => {
      for (const selection of set.selections) {
        if (selection.kind !== Kind.FIELD) {
          const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
          if (part) read(part.selectionSet, spot, only(types, part.typeCondition?.name.value), renames);
          continue;
        }
        const { alias, name, selectionSet } = selection;
        const given = (alias ?? name).value;
        for (const own of new Set([given, renames.get(given) ?? given])) {
          const field: KnownField = spot.get(own) ?? { of: new Map(), spot: new Map() };
          spot.set(own, field);
          for (const type of types) field.of.set(type, typesIn(type, name.value));
          if (selectionSet) read(selectionSet, field.spot, innerOf(field, types), renames);
        }
        if (!selectionSet && [...types].some((type) => isCompositeType(typeOf(type, name.value))))
          bare ??= `what is in ${given}`;
      }
    };
    for (const each of request.definitions) if (each.kind === Kind.OPERATION_DEFINITION) bring(each.selectionSet, read);
  }

  function carryOut(node: PlanNode): void {
    switch (node.kind) {
      case 'root':
        return take(node, (set, read) => read(set, root, rootTypes, renamesIn(node.rewrites)));
      case 'entities':
        return take(node, ({ selections }, read) => {
          for (const list of node.lists) {
            const entities = selections.find(
              (each) => each.kind === Kind.FIELD && (each.alias ?? each.name).value === list.alias,
            );
            if (entities?.kind !== Kind.FIELD || !entities.selectionSet) continue;
            for (const { spot, types } of spotsOf(list))
              read(entities.selectionSet, spot, types, renamesIn(list.outputRewrites));
          }
        });
      case 'sequence':
      case 'parallel':
        for (const each of node.nodes) carryOut(each);
    }
  }

  /** Where entities are, of which types that are represented. */
  const spotsOf = ({ paths, requires }: EntityList): { spot: Spot; types: Types }[] =>
    paths.flatMap((path) => {
      const at = spotAt(path);
      if (!at) return [];
      const types = new Set([...at.types].filter((type) => requires.some((each) => isKnown(each, type, at.spot))));
      return [{ spot: at.spot, types }];
    });

  function spotAt(path: Path): { spot: Spot; types: Types } | undefined {
    let [spot, types] = [root, rootTypes];
    for (const step of path) {
      if (step === 'each') continue;
      if ('types' in step) {
        types = new Set(step.types.flatMap((type) => [...only(types, type)]));
        continue;
      }
      const field = spot.get(step.field);
      if (!field) return undefined;
      [spot, types] = [field.spot, innerOf(field, types)];
    }
    return { spot, types };
  }

  function isKnown(required: Required, type: string, spot: Spot): boolean {
    if ('on' in required) {
      return possibleTypes(required.on).has(type) && required.selections.every((each) => isKnown(each, type, spot));
    }
    const field = spot.get(required.field);
    const inner = field?.of.get(type);
    const { selections } = required;
    if (!field || !inner || !selections) return inner !== undefined;
    const isOther = (each: Required, of: string) => 'on' in each && !possibleTypes(each.on).has(of);
    return [...inner].every((of) => selections.every((each) => isOther(each, of) || isKnown(each, of, field.spot)));
  }

  const fragments = fragmentsOf(document);
  function missingIn({ selections }: SelectionSetNode, spot: Spot, types: Types): string | undefined {
    for (const selection of selections) {
      if (selection.kind !== Kind.FIELD) {
        const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        const missing = part && missingIn(part.selectionSet, spot, only(types, part.typeCondition?.name.value));
        if (missing !== undefined) return missing;
        continue;
      }
      const { alias, name, selectionSet } = selection;
      // The router answers those.
      if (isIntrospection(name.value) || types.size === 0) continue;
      const own = (alias ?? name).value;
      const field = spot.get(own);
      if (!field || [...types].some((type) => !field.of.has(type))) return own;
      const inner = innerOf(field, types);
      if (selectionSet && inner.size > 1 && selectionSet.selections.some(({ kind }) => kind !== Kind.FIELD)) {
        // The answer depends on the type, or seems to.
        const type = field.spot.get('__typename');
        if ([...inner].some((each) => !type?.of.has(each))) return `${own}.__typename`;
      }
      const missing = selectionSet && missingIn(selectionSet, field.spot, inner);
      if (missing !== undefined) return `${own}.${missing}`;
    }
    return undefined;
  }

  if (plan.subscription) carryOut(plan.subscription);
  if (plan.node) carryOut(plan.node);
  return missingIn(operation.selectionSet, root, rootTypes) ?? bare;
}

const innerOf = ({ of }: KnownField, types: Types): Types =>
  new Set([...types].flatMap((type) => [...(of.get(type) ?? [])]));

/** Takes what is selected of objects of these types at a spot; response names are changed as the plan says. */
type Read = (set: SelectionSetNode, spot: Spot, types: Types, renames: ReadonlyMap<string, string>) => void;

const renamesIn = (rewrites: readonly Rewrite[]): ReadonlyMap<string, string> =>
  new Map(
    rewrites.flatMap(({ path, change }) => {
      const last = path.at(-1);
      return 'rename' in change && last && 'field' in last ? [[last.field, change.rename] as const] : [];
    }),
  );
