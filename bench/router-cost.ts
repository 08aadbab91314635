/**
 * `node bench/router-cost.ts`: the router's own CPU time for a `reserveBike`, with our pages' document and a token,
 * before a service that answers at once; in turn by its own engine and by @apollo/gateway.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { print } from 'graphql';
import { createDevelopmentKeys } from '../deploy/local/development-keys.ts';
import { freePort } from '../deploy/local/free-port.ts';
import { ReserveBikeDocument } from '../schema/client/generated/graphql.ts';
import { until } from '../test/support/until.ts';
import { readOptions } from '../schema/script-options.ts';
import { machine, versions } from './environment.ts';
import { runGatewayLoad } from './gateway/load.ts';
import { forkBeside, onGatewayCore } from './gateway/processes.ts';
import { cpuMsOf, memoryMbOf } from './process-usage.ts';
import { median } from './statistics.ts';

const options = readOptions({
  seconds: { type: 'string', default: '6' },
  rounds: { type: 'string', default: '5' },
  profile: { type: 'string' },
  out: { type: 'string', default: join(import.meta.dirname, 'results/router-cost.json') },
});
const connections = 50;
const engines = options.profile ? ['own'] : ['own', 'apollo'];

async function measure(engine: string) {
  const stub = forkBeside('../reservation-stub.ts');
  const [stubPort] = (await once(stub, 'message')) as [number];
  const port = await freePort();
  const profile = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
  const router = onGatewayCore(process.execPath, [...profile, join(import.meta.dirname, '../router/main.ts')], {
    ...(await createDevelopmentKeys()),
    LANDSCAPE: 'development',
    LOG_LEVEL: 'warn',
    ROUTER_PORT: String(port),
    RESERVATION_URL: `http://127.0.0.1:${stubPort}/graphql`,
    ENGINE: engine,
    RATE_PER_CLIENT: '0',
    APOLLO_TELEMETRY_DISABLED: 'true',
  });
  const exit = once(router, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  try {
    await until(
      'the router is there',
      () =>
        fetch(`${origin}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      60_000,
    );
    const signedIn = await fetch(`${origin}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: 'rider-1', roles: ['rider'] }),
    });
    const { token } = (await signedIn.json()) as { token: string };
    const body = JSON.stringify({
      operationName: 'ReserveBike',
      query: print(ReserveBikeDocument),
      variables: { input: { bikeId: 1 } },
    });
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: `Bearer ${token}`,
    };
    const first = await fetch(`${origin}/graphql`, { method: 'POST', headers, body });
    const expected = await first.text();
    if (!expected.includes('"reserveStatus":"RESERVED"')) throw new Error(expected);
    const load = { url: `${origin}/graphql`, connections, bodyOf: () => body, headers, expected };
    await runGatewayLoad({ ...load, seconds: Number(options.seconds) / 2 });
    const pid = router.pid ?? 0;
    const before = cpuMsOf(pid);
    const { answers, wrong } = await runGatewayLoad({ ...load, seconds: Number(options.seconds) });
    const cpuUs = Math.round(((cpuMsOf(pid) - before) * 1_000) / answers);
    return { cpuUs, answers, wrong, rssMb: memoryMbOf(pid).rss };
  } finally {
    router.kill();
    stub.disconnect();
    await exit;
  }
}

const rounds: Record<string, Awaited<ReturnType<typeof measure>>[]> = {};
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const engine of engines) {
    const measured = await measure(engine);
    (rounds[engine] ??= []).push(measured);
    console.log(engine.padEnd(8), JSON.stringify(measured));
  }
}
const medians = Object.fromEntries(
  Object.entries(rounds).map(([engine, of]) => [engine, { cpuUs: median(of.map(({ cpuUs }) => cpuUs)) }]),
);
await writeFile(
  options.out,
  `${JSON.stringify({ measuredAt: new Date().toISOString(), ...machine(), ...(await versions()), medians, rounds }, null, 2)}\n`,
);
