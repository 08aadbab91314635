import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { connect, subscribe } from '../testing/subscriber.ts';
import { slowUserId, startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph | undefined;
afterEach(async () => {
  await graph?.close();
  graph = undefined;
});

const root = new URL('../..', import.meta.url).pathname;

/** A process of its own with this code; its exit code and what it wrote. */
function run(code: string, env: NodeJS.ProcessEnv) {
  const child = spawn('node', ['--input-type=module', '-e', code], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit').then(([exitCode]) => exitCode as number | null);
  return { child, output: () => output, exited };
}

describe('a router that stops', () => {
  it('closes sockets with 1001, finishes what runs, and leaves its subgraphs', async () => {
    graph = await startTestSupergraph();
    const { router, changes, subgraphs, url } = graph;
    const operator = await graph.signIn('1', 'operator');
    const client = connect(url, operator);
    let closed: unknown;
    client.on('closed', (event) => (closed = event));
    subscribe(client, 'subscription { reservationChanged { fee } }');
    await until('the owner has it', () => changes.followers() === 1);
    const answer = fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ bike(bikeId: 7) { color } }"}',
    }).then((response) => response.json());
    await until('the query has reached its subgraph', () => subgraphs.bike.requests.length === 1);

    await router.close();
    expect(closed).toMatchObject({ code: 1001, reason: 'The server is going away' });
    expect(await answer).toEqual({ data: { bike: { color: 'color 7' } } });
    await until('the owner has it no more', () => changes.followers() === 0);
    await until('no socket is left upstream', () => subgraphs.reservation.openSockets() === 0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('leaves nothing that keeps the process alive', async () => {
    graph = await startTestSupergraph();
    const { exited, output } = run(
      `import { startRouter } from './router/router.ts';
       const router = await startRouter(process.env, { port: 0 });
       const url = 'http://127.0.0.1:' + router.port + '/graphql';
       const ask = (accept) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', accept },
         body: JSON.stringify({ query: accept === '*/*' ? '{ bike(bikeId: 1) { color } }' : 'subscription { reservationChanged { fee } }' }) });
       await (await ask('*/*')).text();
       await ask('text/event-stream');
       await router.close();
       console.log('closed');`,
      graph.env,
    );
    expect(await exited).toBe(0);
    expect(output()).toBe('closed\n');
  });

  it.each(['0', '10000', '2147483647'])(
    'as a process ends by itself on SIGTERM, with exit code 0, where it has %s ms for it',
    async (STOP_TIMEOUT_MS) => {
      graph = await startTestSupergraph();
      const { child, exited, output } = run(`import './router/main.ts';`, {
        ...graph.env,
        ...{ ROUTER_PORT: '0', LOG_LEVEL: 'info', STOP_TIMEOUT_MS },
      });
      await until('it is ready', () => output().includes('router is ready'));
      child.kill('SIGTERM');
      expect(await exited).toBe(0);
      expect(output()).not.toContain('Warning');
    },
  );

  it('lets a query over a socket finish, however long it may take', async () => {
    graph = await startTestSupergraph({ STOP_TIMEOUT_MS: '2147483647' });
    const { router, subgraphs, url } = graph;
    const client = connect(url, await graph.signIn('1', 'operator'));
    const asked = subscribe(client, `{ user(userId: "${slowUserId}") { totalPoint } }`);
    await until('the query has reached its subgraph', () => subgraphs.point.requests.length === 1);
    await router.close();
    expect(asked.results).toMatchObject([{ data: { user: { totalPoint: expect.anything() } } }]);
  });

  it('as a process names every mistake in its settings and exits with 78', async () => {
    const { exited, output } = run(`import './router/main.ts';`, { MAX_SOCKETS: 'many', MAX_QUERY_DEPTH: '0' });
    expect(await exited).toBe(78);
    expect(output()).toMatch(/^MAX_SOCKETS: .*\nMAX_QUERY_DEPTH: .*\n$/);
  });
});
