import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { until } from '../system.ts';

/** `npm start` as a person types it, on the servers of this test run. */
describe('npm start', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'start-'));
  });
  const children = new Set<ChildProcess>();
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });

  function start(extra: NodeJS.ProcessEnv = {}, script = 'deploy/local/start.ts', ...words: string[]) {
    const name = `start${String(process.pid)}`;
    const ports = Object.fromEntries(subgraphNames.map((subgraph) => [`${subgraph.toUpperCase()}_PORT`, '0']));
    const child = spawn(process.execPath, [script, ...words], {
      env: {
        PATH: process.env['PATH'],
        DATA_DIRECTORY: directory,
        MONGODB_URI: process.env['TEST_MONGODB_URI'],
        NATS_URL: process.env['TEST_NATS_URL'],
        DATABASE_PREFIX: `${name}_`,
        EVENT_STREAM: name,
        EVENT_SUBJECT_PREFIX: name,
        ROUTER_PORT: '0',
        ...ports,
        ...extra,
      },
    });
    children.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    return { child, ended, output: () => output };
  }

  it.each(['SIGINT', 'SIGHUP'] as const)('prints where to look, serves, and ends by %s', async (signal) => {
    const { child, ended, output } = start();
    await until('the board is there', () => output().includes('is ready'));
    const address = /http:\/\/localhost:\d+/.exec(output())?.[0] ?? '';
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
  });

  it('names a port that is in use, and how to change it', async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    const { ended, output } = start({ ROUTER_PORT: String(port) });
    expect(await ended).toEqual([1, null]);
    expect(output()).toContain(`Port ${port} is in use`);
    expect(output()).toContain('ROUTER_PORT');
    squatter.close();
  });

  it('names each wrong setting in a line, with exit code 78', async () => {
    const { ended, output } = start({ SWEEP_EVERY_MS: 'often', MAX_CONFLICTS: '-1' });
    expect(await ended).toEqual([78, null]);
    expect(output()).toMatch(/SWEEP_EVERY_MS: .+\n/);
    expect(output()).toMatch(/MAX_CONFLICTS: .+\n/);
    expect(output()).not.toContain('    at ');
  });

  it('refuses to run outside development without a key to check tokens with', async () => {
    const { ended, output } = start({ LANDSCAPE: 'production' }, 'subgraphs/main.ts', 'bike');
    expect(await ended).toEqual([78, null]);
    expect(output()).toContain('JWKS_URI or JWT_PUBLIC_KEY must be set');
  });

  it('says what it can run when the name is wrong', async () => {
    const { ended, output } = start({}, 'subgraphs/main.ts', 'bicycle');
    expect(await ended).toEqual([78, null]);
    expect(output()).toContain('reservation');
  });
});
