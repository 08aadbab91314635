import type { CheckedOperation } from '../../documents/documents.ts';
import type { Plan } from './plan.ts';

/** Plans valid operations of one supergraph. */
export interface Planner {
  /** Which one it is, for logs and metrics. */
  name: 'hive' | 'apollo';
  /**
   * @throws {Error} when it cannot plan, or takes too long: a fault of the planner or of the
   * supergraph, not of the client.
   */
  plan(operation: Pick<CheckedOperation, 'document' | 'operation'>): Promise<Plan>;
}
