import type { Logger } from '../../../platform/server/index.ts';
import type { Graph } from '../../documents/graph.ts';
import { createApolloPlanner } from './apollo.ts';
import { createHivePlanner, type HivePlannerOptions } from './hive.ts';
import { leftOut, type AnsweringGraph } from './left-out.ts';
import type { Planner } from './planner.ts';
import { startPlannerProcess, type PlannerKind } from './planner-process.ts';

type StartPlanner = (kind: PlannerKind) => Promise<Planner>;

export interface PlannerOptions {
  graph: Pick<Graph, 'sdl' | 'schema'> & AnsweringGraph;
  logger: Logger;
  timeoutMs?: number;
  /** How to start one: in a process of its own, if not given. */
  start?: StartPlanner;
}

/** Plans take a millisecond; the worst documents within the limits, some fifty. Longer is a document made to take long. */
const planTimeoutMs = 1_000;

/** The planner in native code where there is a binary for this platform, otherwise the one in JavaScript. */
export async function createPlanner({ graph, logger, timeoutMs = planTimeoutMs, ...given }: PlannerOptions) {
  const { start = (kind) => startPlannerProcess({ sdl: graph.sdl, kind, timeoutMs }) } = given;
  const startWhole = async (kind: PlannerKind) => whole(await start(kind), graph);
  let native: Planner;
  try {
    native = await startWhole('native');
  } catch (error) {
    logger.warn({ err: error }, 'the native planner does not load; the one in JavaScript takes its place');
    return startWhole('javascript');
  }
  return withSecond(native, () => startWhole('javascript'), logger);
}

/** In this process: for the process that plans, and for tests of many supergraphs. */
export const createPlannerHere = (kind: PlannerKind, options: HivePlannerOptions): Promise<Planner> =>
  kind === 'native' ? createHivePlanner(options) : createApolloPlanner(options);

/** Fails where a plan leaves out what is asked for: its answer would be null, and nobody would be told. */
const whole = (planner: Planner, graph: AnsweringGraph): Planner => ({
  name: planner.name,
  async plan(operation, overrides) {
    const plan = await planner.plan(operation, overrides);
    const missing = leftOut(plan, operation, graph);
    if (missing !== undefined) throw new Error(`The plan leaves out ${missing}.`);
    return plan;
  },
});

/** Any client can have a document planned that the native planner fails at: more often, it is told at level debug. */
const tellEveryMs = 60_000;

/**
 * Each of the two fails at some operations that the other can plan: of the native one some end its process, some it
 * never ends to plan.
 */
function withSecond(first: Planner, start: () => Promise<Planner>, logger: Logger): Planner {
  let second: Promise<Planner> | undefined;
  let told = -tellEveryMs;
  return {
    name: first.name,
    async plan(operation, overrides) {
      try {
        return await first.plan(operation, overrides);
      } catch (error) {
        const name = operation.operation.name?.value;
        const level = performance.now() - told > tellEveryMs ? 'warn' : 'debug';
        if (level === 'warn') told = performance.now();
        logger[level]({ err: error, operation: name }, 'the native planner fails; the one in JavaScript plans this');
        second ??= start().catch((failure: unknown) => {
          second = undefined;
          throw failure;
        });
        return (await second).plan(operation, overrides);
      }
    },
  };
}
