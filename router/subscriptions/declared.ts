import type { ConstDirectiveNode, GraphQLField } from 'graphql';
import type { Graph } from '../documents/graph.ts';

/** A field of `Subscription` of which its owner declares something. */
export interface Declared {
  parent: string;
  field: GraphQLField<unknown, unknown>;
  directive: ConstDirectiveNode;
}

/**
 * The subscription fields that bear a directive of ours.
 * @param specification what the supergraph's `@link` says that means it, whatever it is called there.
 * @param name the specification's own.
 */
export function declaredSubscriptions(
  { supergraph, features }: Graph,
  specification: string,
  name: string,
): Declared[] {
  const type = supergraph.getSubscriptionType();
  const called = features.directive(specification, name);
  return Object.values(type?.getFields() ?? {}).flatMap((field) => {
    const directive = field.astNode?.directives?.find((each) => each.name.value === called);
    return type && directive ? [{ parent: type.name, field, directive }] : [];
  });
}
