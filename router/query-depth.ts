import { GraphQLError, Kind, type ASTVisitor, type SelectionSetNode, type ValidationContext } from 'graphql';

/** Introspection is as deep as its query; it says nothing about the load on subgraphs. */
const introspectionFields = new Set(['__schema', '__type']);

/**
 * A validation rule: no operation may nest fields deeper than `limit`; introspection is exempt.
 * The code is read by the error formatter, because Apollo Server files every rule under GRAPHQL_VALIDATION_FAILED.
 */
export function queryDepthRule(limit: number) {
  return (context: ValidationContext): ASTVisitor => {
    const depthOf = createDepthOf(context);
    return {
      OperationDefinition(operation) {
        const depth = depthOf(operation.selectionSet);
        if (depth <= limit) return;
        context.reportError(
          new GraphQLError(`The operation is ${depth} fields deep; at most ${limit} are allowed.`, {
            nodes: [operation],
            extensions: { code: 'QUERY_TOO_DEEP' },
          }),
        );
      },
    };
  };
}

function createDepthOf(context: ValidationContext): (selectionSet: SelectionSetNode) => number {
  // Each fragment is measured once, else fragments that spread others twice take exponential time. One that is being
  // measured counts 0, which ends a cycle; the cycle itself is reported by the standard rule.
  const fragments = new Map<string, number>();

  function depthOfFragment(name: string): number {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    fragments.set(name, 0);
    const fragment = context.getFragment(name);
    const depth = fragment ? depthOf(fragment.selectionSet) : 0;
    fragments.set(name, depth);
    return depth;
  }

  function depthOf(selectionSet: SelectionSetNode): number {
    let deepest = 0;
    for (const selection of selectionSet.selections) {
      let depth = 0;
      if (selection.kind === Kind.FRAGMENT_SPREAD) depth = depthOfFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) depth = depthOf(selection.selectionSet);
      else if (!introspectionFields.has(selection.name.value)) {
        depth = 1 + (selection.selectionSet ? depthOf(selection.selectionSet) : 0);
      }
      deepest = Math.max(deepest, depth);
    }
    return deepest;
  }

  return depthOf;
}
