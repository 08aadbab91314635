/**
 * `node deploy/health-check.ts`: for the image's HEALTHCHECK. Exit code 0 when `/healthz` of every server in this
 * container answers, 1 when one does not or none runs.
 */
import { routerPort, subgraphNames, subgraphs } from '../schema/subgraphs.ts';

const timeoutMs = 2_000;

const ports = [
  ...subgraphNames.map((name) => process.env[`${name.toUpperCase()}_PORT`] || subgraphs[name].port),
  process.env['ROUTER_PORT'] || routerPort,
];

/** Undefined for a closed port: each container runs only some of the image's servers. */
async function isHealthy(port: number | string): Promise<boolean | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
    return response.ok;
  } catch (error) {
    return isRefused(error) ? undefined : false;
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof TypeError && (error.cause as { code?: string } | undefined)?.code === 'ECONNREFUSED';
}

const answers = (await Promise.all(ports.map(isHealthy))).filter((healthy) => healthy !== undefined);
process.exitCode = answers.length > 0 && answers.every(Boolean) ? 0 : 1;
