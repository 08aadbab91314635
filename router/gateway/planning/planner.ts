import type { CheckedOperation } from '../../documents/documents.ts';
import type { Overrides } from './overrides.ts';
import type { Plan } from './plan.ts';

/** Plans valid operations of one supergraph. */
export interface Planner {
  /** Which one it is, for logs and metrics. */
  name: 'hive' | 'apollo';
  /**
   * @throws {PlanTimeout} when it takes too long.
   * @throws {PlannerDied} when the process that plans ended, or is to rest.
   * @throws {Error} when it cannot plan: a fault of the planner or of the supergraph, not of the client.
   */
  plan(operation: Pick<CheckedOperation, 'document' | 'operation'>, overrides: Overrides): Promise<Plan>;
}

/** Planning was given up: the machine is overloaded, or the document was made to take long. */
export class PlanTimeout extends Error {
  override name = 'PlanTimeout';
}

/** Its process ended while it planned: a panic of native code takes all of a process along. */
export class PlannerDied extends Error {
  override name = 'PlannerDied';
}

/** On a machine that is overloaded, plans come late: the same operation may be planned a moment later. */
export const isPassing = (error: unknown): boolean => error instanceof PlanTimeout || error instanceof PlannerDied;
