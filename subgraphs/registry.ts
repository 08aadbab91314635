import { z } from 'zod';
import { clientOperations } from '../schema/client-operations.ts';
import { subgraphNames, subgraphs, subgraphSdl, type SubgraphName } from '../schema/subgraphs.ts';
import { createApproval, settingsSchema as approval } from './approval/subgraph.ts';
import { createBike } from './bike/subgraph.ts';
import { port, readConfig, type Runtime, type ServiceDefinition, type Subgraph } from '../platform/index.ts';
import { serviceSettings } from '../platform/service/settings.ts';
import { createDashboard, settingsSchema as dashboard } from './dashboard/subgraph.ts';
import { createPoint, settingsSchema as point } from './point/subgraph.ts';
import { createReservation, settingsSchema as reservation } from './reservation/subgraph.ts';

const creators: Record<SubgraphName, (runtime: Runtime) => Subgraph> = {
  bike: createBike,
  approval: createApproval,
  point: createPoint,
  reservation: createReservation,
  dashboard: createDashboard,
};

const portSetting = (name: SubgraphName) => `${name.toUpperCase()}_PORT`;
const portSettings = z.object(
  Object.fromEntries(subgraphNames.map((name) => [portSetting(name), port(subgraphs[name].port)])),
);

/** Every setting of every subgraph, for a process that runs them all and wants to report mistakes first. */
export const settingsOfAll = z.object({
  ...serviceSettings.shape,
  ...portSettings.shape,
  ...approval.shape,
  ...point.shape,
  ...reservation.shape,
  ...dashboard.shape,
});

/** A subgraph by its name. Its port is `<NAME>_PORT` if set, 0 for any free one. @throws {ConfigError} */
export function definitionOf(name: SubgraphName, env: NodeJS.ProcessEnv): ServiceDefinition {
  const setting = portSetting(name);
  const ports = readConfig(portSettings.pick({ [setting]: true }), env);
  return {
    name,
    sdl: subgraphSdl(name),
    port: ports[setting] ?? subgraphs[name].port,
    operations: clientOperations(),
    create: creators[name],
  };
}
