import type { QueryPlannerConfig } from '@apollo/query-planner';

/** For both planners: how many ways of asking several subgraphs are compared; more cost time, and here change nothing. */
export const plannerConfig: QueryPlannerConfig = { debug: { maxEvaluatedPlans: 100, pathsLimit: 100 } };
