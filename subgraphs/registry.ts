import { clientOperations } from '../schema/client-operations.ts';
import { subgraphs, subgraphSdl, type SubgraphName } from '../schema/subgraphs.ts';
import { createApproval } from './approval/subgraph.ts';
import { createBike } from './bike/subgraph.ts';
import type { Runtime, ServiceDefinition, Subgraph } from './chassis/index.ts';
import { createDashboard } from './dashboard/subgraph.ts';
import { createPoint } from './point/subgraph.ts';
import { createReservation } from './reservation/subgraph.ts';

const creators: Record<SubgraphName, (runtime: Runtime) => Subgraph> = {
  bike: createBike,
  approval: createApproval,
  point: createPoint,
  reservation: createReservation,
  dashboard: createDashboard,
};

/** A subgraph by its name. Its port is `<NAME>_PORT` if set, 0 for any free one. */
export function definitionOf(name: SubgraphName, env: NodeJS.ProcessEnv): ServiceDefinition {
  const port = Number(env[`${name.toUpperCase()}_PORT`] || subgraphs[name].port);
  return { name, sdl: subgraphSdl(name), port, operations: clientOperations(), create: creators[name] };
}
