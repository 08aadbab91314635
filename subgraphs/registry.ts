import { z } from 'zod';
import { clientOperations } from '../schema/client-operations.ts';
import { subgraphNames, subgraphs, subgraphSdl, type SubgraphName } from '../schema/subgraphs.ts';
import { scopeFields } from '../schema/scopes.ts';
import { contradictions as ofApproval, createApproval, settingsSchema as approval } from './approval/subgraph.ts';
import { createBike } from './bike/subgraph.ts';
import {
  port,
  processSections,
  readConfig,
  type Contradictions,
  type Runtime,
  type ServiceDefinition,
  type SettingSections,
  type Settings,
  type Subgraph,
} from '../platform/index.ts';
import {
  ownSettings,
  serviceContradictions,
  serviceSections,
  serviceSettings,
  unreadableDatabase,
} from '../platform/service/settings.ts';
import { createDashboard, settingsSchema as dashboard } from './dashboard/subgraph.ts';
import { createPoint, settingsSchema as point } from './point/subgraph.ts';
import { createReservation, settingsSchema as reservation } from './reservation/subgraph.ts';
import { createStation } from './station/subgraph.ts';

const creators: Record<SubgraphName, (runtime: Runtime) => Subgraph> = {
  bike: createBike,
  approval: createApproval,
  point: createPoint,
  reservation: createReservation,
  dashboard: createDashboard,
  station: createStation,
};

const portSetting = (name: SubgraphName) => `${name.toUpperCase()}_PORT`;
const portOf = (name: SubgraphName) => port(subgraphs[name].port).describe('0 for any free one');

/** Where each subgraph listens: `<NAME>_PORT`. */
export const portSettings = z.object(
  Object.fromEntries(subgraphNames.map((name) => [portSetting(name), portOf(name)])),
);

/** What wins for one subgraph over the setting of all: `<NAME>_MONGODB_URI` and the like. */
function ownSettingsOf(name: SubgraphName): Settings {
  return Object.fromEntries(
    ownSettings.map((setting) => {
      const shared = serviceSettings.shape[setting];
      const own = shared
        .unwrap()
        .optional()
        .meta({ ...shared.meta(), description: `${setting} for ${name} alone` });
      return [`${name.toUpperCase()}_${setting}`, own];
    }),
  );
}

const sectionOf = (name: SubgraphName, settings: Settings = {}): Settings => ({
  [portSetting(name)]: portOf(name),
  ...ownSettingsOf(name),
  ...settings,
});

/** Every setting of every subgraph. */
export const subgraphSections = {
  ...processSections,
  ...serviceSections,
  bike: sectionOf('bike'),
  approval: sectionOf('approval', approval.shape),
  point: sectionOf('point', point.shape),
  reservation: sectionOf('reservation', reservation.shape),
  dashboard: sectionOf('dashboard', dashboard.shape),
  station: sectionOf('station'),
} satisfies SettingSections & Record<SubgraphName, Settings>;

/** The settings of some subgraphs together, for a process that reports every mistake before it starts one. */
export const settingsOf = (names: readonly SubgraphName[]) =>
  z.object({
    ...Object.fromEntries(names.flatMap((name) => Object.entries(subgraphSections[name]))),
    ...serviceSettings.shape,
  });

/** Those of them that are right each, and wrong together. */
export function contradictionsOf(names: readonly SubgraphName[]): Contradictions {
  const databases = names.map((name) => `${name.toUpperCase()}_MONGODB_URI`);
  return {
    ...serviceContradictions,
    ...Object.fromEntries(
      databases.map((setting) => [setting, (given: NodeJS.ProcessEnv) => unreadableDatabase(given[setting])]),
    ),
    ...(names.includes('approval') ? ofApproval : {}),
  };
}

/** A subgraph by its name. Its port is `<NAME>_PORT` if set, 0 for any free one. @throws {ConfigError} */
export function definitionOf(name: SubgraphName, env: NodeJS.ProcessEnv): ServiceDefinition {
  const setting = portSetting(name);
  const ports = readConfig(portSettings.pick({ [setting]: true }), env);
  return {
    name,
    sdl: subgraphSdl(name),
    port: ports[setting] ?? subgraphs[name].port,
    operations: clientOperations(),
    scopes: scopeFields,
    create: creators[name],
  };
}
