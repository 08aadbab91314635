import type { CheckedOperation } from '../documents/documents.ts';
import type { Graph } from '../documents/graph.ts';
import { rootFieldsOf } from '../documents/root-fields.ts';
import { fetchesOf, type Plan } from '../gateway/planning/plan.ts';
import { declaredSubscriptions } from './declared.ts';

const specification = 'https://specs.example/sameForEverybody/v1.0';

/** Whether everybody who may ask for a subscription is told the same, with a token or without. */
export type SameForEverybody = (operation: CheckedOperation, plan: Plan) => boolean;

/** As owners declare by `@sameForEverybody`: of their own part, so that it holds while no other subgraph adds anything. */
export function readSameForEverybody(graph: Graph): SameForEverybody {
  const declared = declaredSubscriptions(graph, specification, 'sameForEverybody');
  const names = new Set(declared.map(({ field }) => field.name));
  return ({ operation, fragments }, { node }) =>
    fetchesOf(node).length === 0 && rootFieldsOf(operation, fragments).every((name) => names.has(name));
}
