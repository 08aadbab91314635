import type { ApolloServerPlugin } from '@apollo/server';
import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { clientError } from '../foundation/errors.ts';
import { excessIn, type VariableLimits } from './variable-limits.ts';

/**
 * What a document may ask of a subgraph, generously: its clients are routers, which have their own, narrower limits,
 * and write one fetch for many fields. A caller that bypasses the router must not be able to overload it.
 */
export const documentLimits = { tokens: 20_000, depth: 40, selections: 20_000 };

/** As generous: a router asks for the entities of a whole answer at once, by lists of their keys. */
const variableLimits: VariableLimits = { listItems: 20_000, fields: 100, nesting: 20, values: 100_000 };

/** @throws a client error BAD_USER_INPUT that says what is too much. */
export function checkVariables(variables: Record<string, unknown> | null | undefined): void {
  const excess = excessIn(variables ?? {}, variableLimits);
  if (excess !== undefined) throw clientError('BAD_USER_INPUT', excess);
}

/** Checked before types, because validation reports each mistake with its whole context. */
export const boundedVariables: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async didResolveOperation({ request }) {
        checkVariables(request.variables);
      },
    };
  },
};

interface Extent {
  depth: number;
  selections: number;
}

/** Refuses what becomes too deep or too large once its fragments are expanded. Each fragment is measured once. */
export function documentLimitsRule(context: ValidationContext): ASTVisitor {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const measured = new Map<string, Extent>();

  function ofFragment(name: string): Extent {
    const known = measured.get(name);
    if (known) return known;
    const fragment = fragments.get(name);
    // Zero until measured: another rule refuses cycles.
    measured.set(name, { depth: 0, selections: 0 });
    const extent = fragment ? ofSet(fragment.selectionSet) : { depth: 0, selections: 0 };
    measured.set(name, extent);
    return extent;
  }

  function ofSet({ selections }: SelectionSetNode): Extent {
    const sum = { depth: 0, selections: 0 };
    for (const selection of selections) {
      const isField = selection.kind === Kind.FIELD;
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? ofFragment(selection.name.value)
          : selection.selectionSet
            ? ofSet(selection.selectionSet)
            : { depth: 0, selections: 0 };
      sum.depth = Math.max(sum.depth, inner.depth + (isField ? 1 : 0));
      sum.selections += inner.selections + 1;
    }
    return sum;
  }

  return {
    Document(document) {
      for (const definition of document.definitions) {
        if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
      }
      for (const definition of document.definitions) {
        if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
        const { depth, selections } = ofSet(definition.selectionSet);
        if (depth > documentLimits.depth) context.reportError(new GraphQLError('The operation is too deep.'));
        if (selections > documentLimits.selections)
          context.reportError(new GraphQLError('The operation is too large.'));
      }
    },
  };
}
