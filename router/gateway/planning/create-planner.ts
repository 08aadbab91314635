import type { Logger } from '../../../platform/server/index.ts';
import type { Graph } from '../../documents/graph.ts';
import { createApolloPlanner } from './apollo.ts';
import { createHivePlanner } from './hive.ts';
import type { Planner } from './planner.ts';

export interface PlannerOptions {
  graph: Pick<Graph, 'sdl' | 'schema'>;
  logger: Logger;
}

/** Plans take a millisecond; the worst documents within the limits, some fifty. Longer is a document made to take long. */
const planTimeoutMs = 1_000;

/** The planner in native code where there is a binary for this platform, otherwise the one in JavaScript. */
export async function createPlanner(options: PlannerOptions): Promise<Planner> {
  try {
    return await createHivePlanner({ ...options, timeoutMs: planTimeoutMs });
  } catch (error) {
    options.logger.warn({ err: error }, 'the native planner does not load; the one in JavaScript takes its place');
    return createApolloPlanner(options);
  }
}
