import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, subscribe } from '../../router/testing/subscriber.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const right = 'a secret of this system';

interface Line {
  level: number;
  message: string;
  subgraph?: string;
  port?: number;
}

describe.each([
  ['another ROUTER_SECRET', 'an unknown secret'],
  ['no ROUTER_SECRET', ''],
])('a router with %s than its subgraphs', (_what, ROUTER_SECRET) => {
  let system: TestSystem;
  let child: ChildProcess;
  let url: string;
  const lines: Line[] = [];

  beforeAll(async () => {
    system = await startSystem({ env: { ROUTER_SECRET: right } });
    const urls = Object.entries(system.services ?? {}).map(
      ([name, { port }]) => [`${name.toUpperCase()}_URL`, `http://127.0.0.1:${port}/graphql`] as const,
    );
    const env = { ...system.env, ...Object.fromEntries(urls), ROUTER_PORT: '0', LOG_LEVEL: 'info', ROUTER_SECRET };
    const router = spawn(process.execPath, ['router/main.ts'], {
      cwd: join(import.meta.dirname, '../..'),
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = router;
    let rest = '';
    router.stdout.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.map((part) => JSON.parse(part) as Line));
    });
    await until('the router listens', () => lines.some(({ port }) => port !== undefined));
    url = `http://127.0.0.1:${lines.find(({ port }) => port !== undefined)?.port}/graphql`;
  }, 240_000);
  afterAll(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await system.close();
  });

  const told = () => lines.filter(({ level }) => level >= 40);

  it('has its clients read SERVICE_UNAVAILABLE, whatever they ask and however', async () => {
    const unavailable = [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }];
    const authorization = `Bearer ${await system.token('boss', ['operator'])}`;
    for (const query of [
      '{ tariff { reservationFee } }',
      '{ bike(bikeId: 1) { color } }',
      'mutation { buyPoints(input: { price: 100 }) { refusal { code } } }',
    ]) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query }),
      });
      expect(response.status).toBe(503);
      expect(((await response.json()) as { errors: unknown }).errors).toMatchObject(unavailable);
    }
    for (const query of ['{ tariff { reservationFee } }', 'subscription { dashboardUpdated { cursor } }']) {
      const subscriber = subscribe(connect(url, authorization), query);
      await until('it is answered', () => subscriber.ended() !== undefined);
      expect(subscriber.results[0]?.errors ?? subscriber.ended()).toMatchObject(unavailable);
      await subscriber.stop();
    }
  });

  it('is not ready, and says what to look at', async () => {
    const response = await fetch(url.replace('/graphql', '/readyz'));
    expect(response.status).toBe(503);
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    expect(new Set(Object.values(checks))).toEqual(new Set(['refuses the router: is ROUTER_SECRET the same at both?']));
    expect(Object.keys(checks)).toHaveLength(6);
  });

  it('logs a line for each subgraph, not for each request, and no secret', async () => {
    // Lines come through a pipe, later than the answers.
    await until('a line for each is there', () => told().length >= 6);
    expect(
      told()
        .map(({ subgraph }) => subgraph)
        .toSorted(),
    ).toEqual(['approval', 'bike', 'dashboard', 'point', 'reservation', 'station']);
    for (const { message } of told()) expect(message).toContain('ROUTER_SECRET');
    expect(JSON.stringify(lines)).not.toMatch(/a secret of/);
  });
});
