import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { takeLock } from '../../deploy/local/lock.ts';
import { startTime } from '../../deploy/local/processes.ts';
import { until } from '../support/until.ts';

describe('npm run reset', () => {
  it.each([
    [['--help'], 0, 'removes nothing'],
    [['--al'], 1, 'Nothing was removed'],
    [['all'], 1, 'Nothing was removed'],
    [['--all=no'], 1, 'Nothing was removed'],
  ])('%j deletes nothing', async (words, code, says) => {
    const directory = await mkdtemp(join(tmpdir(), 'reset-'));
    try {
      await mkdir(join(directory, 'data'));
      const child = spawn(process.execPath, ['deploy/local/reset.ts', ...words], {
        env: { DATA_DIRECTORY: directory },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text: Buffer) => (output += text.toString()));
      expect(await once(child, 'close')).toEqual([code, null]);
      expect(output).toContain(says);
      expect(await readdir(directory)).toEqual(['data']);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

/** Runs `npm start` as on the command line, on the servers of this test run. */
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

  const start = (extra: NodeJS.ProcessEnv = {}, script = 'deploy/local/start.ts', ...words: string[]) =>
    run(process.execPath, [script, ...words], extra);

  function run(command: string, words: string[], extra: NodeJS.ProcessEnv) {
    const name = `start${String(process.pid)}`;
    const ports = Object.fromEntries(subgraphNames.map((subgraph) => [`${subgraph.toUpperCase()}_PORT`, '0']));
    const child = spawn(command, words, {
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
    const { child, ended, output } = start({ MAX_HELD: '3' });
    await until('the board is there', () => output().includes('is ready'));
    expect(output()).toContain('No setting: MAX_HELD: it does nothing any more: it is the constant maxHeld in');
    const address = /http:\/\/localhost:\d+/.exec(output())?.[0] ?? '';
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    const watching = start({ ROUTER_PORT: new URL(address).port }, 'schema/client/example.ts');
    await until('the example watches this one', () => /\d+ of \d+ bikes are free/.test(watching.output()));
    const signIn = { method: 'POST', body: '{"userId":"10","roles":["rider"]}' };
    const { token } = (await (await fetch(`${address}/dev/token`, signIn)).json()) as { token: string };
    await fetch(`${address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      // A new key: purchases persist from one start to the next.
      body: JSON.stringify({
        query: `mutation { buyPoints(input: { price: 5000, idempotencyKey: "${signal}" }) { refusal { code } } }`,
      }),
    });
    await until('the example says who got how much', () =>
      watching.output().includes('PointsIncreased 10 · 5000 points'),
    );
    watching.child.kill('SIGINT');
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
  });

  it('is ended though its event loop is stuck, and the next start finds its folder free', async () => {
    const { child, ended, output } = start({ STOP_TIMEOUT_MS: '100' });
    await until('the board is there', () => output().includes('is ready'));
    const [stuck = 0] = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
      .split('\n')
      .map(Number);
    process.kill(stuck, 'SIGSTOP');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await ended).toEqual([1, null]);
    await until('the system is gone', () => startTime(stuck) === undefined);
  });

  it('ends with the one who started it, however that one went', async () => {
    const { child, output } = start();
    await until('the board is there', () => output().includes('is ready'));
    const [system = 0] = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
      .split('\n')
      .map(Number);
    child.kill('SIGKILL');
    await until('the system is gone', () => startTime(system) === undefined);
  });

  it('ends when npm is asked to, which tells only the shell between them', async () => {
    const shell = `"${process.execPath}" deploy/local/start.ts; true`;
    const { child, ended, output } = run('sh', ['-c', shell], { npm_lifecycle_event: 'start' });
    await until('the board is there', () => output().includes('is ready'));
    child.kill('SIGTERM');
    // Its output is closed once the system is gone.
    expect(await ended).toEqual([null, 'SIGTERM']);
  });

  it('names a port that is in use, and how to change it', async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    const { ended, output } = start({ ROUTER_PORT: String(port) });
    expect(await ended).toEqual([1, null]);
    expect(output()).toContain(`Port ${port} is in use`);
    expect(output()).toContain('ROUTER_PORT');
    // Reported before anything is built or started.
    expect(output()).not.toMatch(/is up on port|Built the pages/);
    squatter.close();
  });

  it('says of a second start in the same folder that the first one runs', async () => {
    const held = await mkdtemp(join(tmpdir(), 'held-'));
    const lock = await takeLock(held);
    const port = await freePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    const { ended, output } = start({ ROUTER_PORT: String(port), DATA_DIRECTORY: held });
    expect(await ended).toEqual([1, null]);
    expect(output()).toContain(`${held} is in use by process ${String(process.pid)}.`);
    expect(output()).not.toContain('another program');
    squatter.close();
    lock.release();
    await rm(held, { recursive: true });
  });

  it('names a port that another program has where browsers look for localhost first', async () => {
    const port = await freePort();
    const squatter = createServer();
    const { promise: listens, resolve } = Promise.withResolvers<boolean>();
    squatter.once('error', () => resolve(false)).listen(port, '::1', () => resolve(true));
    if (!(await listens)) return; // no IPv6 here
    const { ended, output } = start({ ROUTER_PORT: String(port) });
    expect(await ended).toEqual([1, null]);
    expect(output()).toContain(`Port ${port} is in use`);
    squatter.close();
  });

  it('names each wrong setting in a line, with exit code 78', async () => {
    const wrong = {
      ...{ LOG_LEVEL: 'loud', SWEEP_EVERY_MS: 'often', MAX_SOCKETS: '-1' },
      ...{ BIKE_PORT: 'abc', POINT_PORT: '65536', ROUTER_PORT: '99999', MAX_QUERY_COST: '0' },
      ...{ SUPERGRAPH: 'nowhere.graphql', PERSISTED_DOCUMENTS: 'nowhere.json', EVENT_REPLICAS: '9' },
      ...{ MAX_PURCHASE: '1.5', OVERTIME_STEP_MINUTES: '0', HOLD_MINUTES: '-3', FEED_CACHE_SIZE: 'x' },
    };
    const { ended, output } = start(wrong);
    expect(await ended).toEqual([78, null]);
    // Nothing else: reported before anything is installed, built or started.
    const lines = output().trim().split('\n');
    expect(lines.map((line) => line.split(': ', 1)[0]).toSorted()).toEqual(Object.keys(wrong).toSorted());
  });

  it.each(['bike', 'all'])('names the port that is none, also for the subgraph alone: %s', async (name) => {
    const { ended, output } = start({ BIKE_PORT: '65536' }, 'subgraphs/main.ts', name);
    expect(await ended).toEqual([78, null]);
    expect(output()).toMatch(/^BIKE_PORT: .+\n$/);
  });

  it('is missed by the example in a line', async () => {
    const { ended, output } = start({ ROUTER_PORT: String(await freePort()) }, 'schema/client/example.ts');
    expect(await ended).toEqual([69, null]);
    expect(output()).toMatch(/^Nothing answers at .+npm start first.*\n$/);
  });

  it('takes no options', async () => {
    const { ended, output } = start({}, 'deploy/local/start.ts', '--port=80');
    expect(await ended).toEqual([1, null]);
    expect(output()).toContain('.env.example');
  });

  it.each(['/dev/null/x', '/etc/hostname', '/sys/x', '/proc/x'])(
    'says in a line that it cannot write to %s',
    async (folder) => {
      const { ended, output } = start({ DATA_DIRECTORY: folder });
      expect(await ended).toEqual([1, null]);
      expect(output()).toMatch(/^Cannot write to .+\n$/);
    },
  );

  it('refuses to run outside development without a key to check tokens with', async () => {
    const { ended, output } = start({ LANDSCAPE: 'production' }, 'subgraphs/main.ts', 'bike');
    expect(await ended).toEqual([78, null]);
    expect(output()).toContain('JWKS_URI or JWT_PUBLIC_KEY must be set');
  });

  it.each([
    ['router/main.ts', undefined],
    ['subgraphs/main.ts', 'all'],
  ] as const)('warns once of each setting that is not safe, or does nothing any more: %s', async (program, which) => {
    const env = {
      ...{ LANDSCAPE: 'production', JWKS_URI: 'http://issuer.example/keys', HOST: 'no-such-host.invalid' },
      ...{
        LOG_LEVEL: 'warn',
        PAYMENT_PROVIDER_URL: 'https://pay.example',
        MONGODB_URI: process.env['TEST_MONGODB_URI'],
      },
      // Of an earlier version.
      MAX_HELD: '3',
    };
    const { ended, output } = start(env, program, ...(which ? [which] : []));
    expect(await ended).toEqual([78, null]);
    const told = output().match(/"setting":"\w+"/g);
    expect(told?.toSorted()).toEqual(
      ['JWKS_URI', 'JWT_AUDIENCE', 'JWT_ISSUER', 'MAX_HELD', 'OWN_CLIENTS', 'ROUTER_SECRET'].map(
        (name) => `"setting":"${name}"`,
      ),
    );
  });

  it('says what it can run when the name is wrong', async () => {
    const { ended, output } = start({}, 'subgraphs/main.ts', 'bicycle');
    expect(await ended).toEqual([78, null]);
    expect(output()).toContain('reservation');
  });
});
