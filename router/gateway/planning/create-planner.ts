import type { Logger } from '../../../platform/server/index.ts';
import type { Graph } from '../../documents/graph.ts';
import { createApolloPlanner } from './apollo.ts';
import { createHivePlanner } from './hive.ts';
import { PlanTimeout, type Planner } from './planner.ts';

export interface PlannerOptions {
  graph: Pick<Graph, 'sdl' | 'schema'>;
  logger: Logger;
  timeoutMs?: number;
}

/** Plans take a millisecond; the worst documents within the limits, some fifty. Longer is a document made to take long. */
const planTimeoutMs = 1_000;

/** The planner in native code where there is a binary for this platform, otherwise the one in JavaScript. */
export async function createPlanner(options: PlannerOptions): Promise<Planner> {
  let native: Planner;
  try {
    native = await createHivePlanner({ timeoutMs: planTimeoutMs, ...options });
  } catch (error) {
    options.logger.warn({ err: error }, 'the native planner does not load; the one in JavaScript takes its place');
    return createApolloPlanner(options);
  }
  return withSecond(native, options);
}

/** Each of the two fails at some operations that the other can plan. */
function withSecond(first: Planner, options: PlannerOptions): Planner {
  let second: Promise<Planner> | undefined;
  return {
    name: first.name,
    async plan(operation, overrides) {
      try {
        return await first.plan(operation, overrides);
      } catch (error) {
        // The other one would take longer still, and nothing else would run meanwhile.
        if (error instanceof PlanTimeout || isUnreachable(error)) throw error;
        const name = operation.operation.name?.value;
        options.logger.warn(
          { err: error, operation: name },
          'the native planner fails; the one in JavaScript plans this',
        );
        second ??= createApolloPlanner(options);
        return (await second).plan(operation, overrides);
      }
    },
  };
}

/** No subgraph can answer a field there. The other planner does not look, and plans what subgraphs cannot answer. */
const isUnreachable = (error: unknown) => error instanceof Error && error.message.includes('No paths found');
