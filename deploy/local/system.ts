import { isIPv6 } from 'node:net';
import { ttareungi } from '../../router/product/product.ts';
import { startRouter } from '../../router/router.ts';
import { subgraphNames, type SubgraphName } from '../../schema/subgraphs.ts';
import { startService, type RunningService } from '../../platform/index.ts';
import { definitionOf } from '../../subgraphs/registry.ts';

/** The six subgraphs and the router in this process, each with its own port, database and consumer. */
export interface System {
  routerPort: number;
  services: Record<SubgraphName, RunningService>;
  close(): Promise<void>;
}

/** How an address to listen on is written in an address to ask. What listens on all is asked on this machine's own. */
export function hostInUrls(host: string | undefined): string {
  if (!host || host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIPv6(host) ? `[${host}]` : host;
}

/** @throws {ConfigError} with one line per mistake. */
export async function startSystem(env: NodeJS.ProcessEnv): Promise<System> {
  const started: RunningService[] = [];
  const closeAll = async () => {
    await Promise.all(started.map((service) => service.close()));
  };
  try {
    const services = await Promise.all(
      subgraphNames.map(async (name) => {
        const service = await startService(definitionOf(name, env), env);
        started.push(service);
        return [name, service] as const;
      }),
    );
    const urls: NodeJS.ProcessEnv = {};
    const host = hostInUrls(env['HOST']);
    for (const [name, { port }] of services) urls[`${name.toUpperCase()}_URL`] = `http://${host}:${port}/graphql`;
    const router = await startRouter({ ...env, ...urls }, { product: ttareungi });
    return {
      routerPort: router.port,
      services: Object.fromEntries(services) as Record<SubgraphName, RunningService>,
      close: async () => {
        // The router first: subgraphs still answer the requests that it has taken.
        await router.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
