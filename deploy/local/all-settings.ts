import { once } from 'node:events';
import { createServer } from 'node:net';
import { z } from 'zod';
import { checkAll, ConfigError, givenIn, readConfig, readPublicKey } from '../../platform/server/index.ts';
import { routerContradictions, routerSettings } from '../../router/config.ts';
import { readManifest } from '../../router/documents/persisted.ts';
import { signingKey } from '../../router/product/dev-token.ts';
import { productContradictions, productSettings } from '../../router/product/settings.ts';
import { checkSupergraph } from '../../router/supergraph/supergraph.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { contradictionsOf, settingsOf } from '../../subgraphs/registry.ts';
import { localSettings } from './settings.ts';

const schema = settingsOf(subgraphNames)
  .extend(routerSettings.shape)
  .extend(productSettings.shape)
  .extend(localSettings.shape);

export type AllSettings = z.infer<typeof schema>;

const contradictions = {
  ...contradictionsOf(subgraphNames),
  ...routerContradictions,
  ...productContradictions,
  EVENT_REPLICAS: ({ EVENT_REPLICAS = '1', NATS_URL }: NodeJS.ProcessEnv) =>
    NATS_URL === undefined && Number(EVENT_REPLICAS) > 1
      ? 'must be 1 without NATS_URL: the broker that npm start brings along is a single server.'
      : undefined,
};

/** What reads the address of the router's supergraph. */
const ofSupergraph = routerSettings.pick({
  SUPERGRAPH: true,
  SUPERGRAPH_POLL_MS: true,
  SUPERGRAPH_HEADERS: true,
  SUBGRAPH_TIMEOUT_MS: true,
});

/**
 * The settings of all processes that `npm start` runs. Everything that one of them would refuse is found here, before
 * anything is installed, built or started: what a value is, what it is beside others, and the files, keys and addresses
 * that it names.
 * @throws {ConfigError} with one line per mistake.
 */
export async function readAllSettings(env: NodeJS.ProcessEnv): Promise<AllSettings> {
  const given = givenIn(env);
  // Each check reads what it needs: what is wrong with other settings is no reason not to make it.
  await checkAll([
    () => readConfig(schema, given, { contradictions }),
    () => checkHost(readConfig(routerSettings.pick({ HOST: true }), given).HOST),
    () => checkPorts(given),
    () => {
      const { JWT_PUBLIC_KEY } = readConfig(routerSettings.pick({ JWT_PUBLIC_KEY: true }), given);
      return JWT_PUBLIC_KEY !== undefined && readPublicKey(JWT_PUBLIC_KEY);
    },
    () => {
      const { DEV_TOKEN_PRIVATE_KEY } = readConfig(productSettings.pick({ DEV_TOKEN_PRIVATE_KEY: true }), given);
      return DEV_TOKEN_PRIVATE_KEY !== undefined && signingKey(DEV_TOKEN_PRIVATE_KEY);
    },
    () => readManifest(readConfig(routerSettings.pick({ PERSISTED_DOCUMENTS: true }), given).PERSISTED_DOCUMENTS),
    // The router of `npm start` is told where these subgraphs are, whatever is said elsewhere.
    () => checkSupergraph(readConfig(ofSupergraph, given), { ...given, ...ownAddresses }),
  ]);
  return readConfig(schema, given);
}

/** As system.ts says them, but for the ports. */
const ownAddresses = Object.fromEntries(
  subgraphNames.map((name) => [`${name.toUpperCase()}_URL`, 'http://127.0.0.1/graphql']),
);

/** Where the router, the subgraphs and the servers brought along listen. */
function portNames(given: NodeJS.ProcessEnv): string[] {
  return [
    ...subgraphNames.map((name) => `${name.toUpperCase()}_PORT`),
    'ROUTER_PORT',
    ...(given['MONGODB_URI'] === undefined ? ['MONGODB_PORT'] : []),
    ...(given['NATS_URL'] === undefined ? ['NATS_PORT'] : []),
  ];
}

/** One program takes one port. @throws {ConfigError} */
async function checkPorts(given: NodeJS.ProcessEnv): Promise<void> {
  const taken = new Map<number, string>();
  await checkAll(
    portNames(given).map((name) => () => {
      const setting = (schema.shape as Record<string, z.ZodType>)[name] ?? z.never();
      const port = Number(readConfig(z.object({ [name]: setting }), given)[name]);
      const other = port === 0 ? undefined : taken.get(port);
      if (other !== undefined) throw new ConfigError(`${name}: must be another port than ${other}; both are ${port}.`);
      taken.set(port, name);
    }),
  );
}

/** @throws {ConfigError} when this machine has no such address. */
async function checkHost(host: string): Promise<void> {
  const server = createServer();
  try {
    server.listen(0, host);
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError(`HOST: must be an address of this machine; "${host}" is none (${code ?? message}).`);
  } finally {
    server.close();
  }
}
