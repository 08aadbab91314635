import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../test/support/until.ts';
import { freePort } from './free-port.ts';
import { keepRunning } from './keep-running.ts';
import { takeLock, type Lock } from './lock.ts';
import { createSupervisor, type Launch, type Supervisor } from './supervisor.ts';

let directory: string;
let lock: Lock;
let supervisor: Supervisor;
let abort: AbortController;
let told: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keep-running-'));
  lock = await takeLock(directory);
  supervisor = createSupervisor(join(directory, 'logs'), lock);
  abort = new AbortController();
  told = [];
});
afterEach(async () => {
  abort.abort();
  await supervisor.close();
  lock.release();
  rmSync(directory, { recursive: true, force: true });
});

/** Answers each connection with its pid; `hang` on a connection stops its event loop for good. */
const program = (port: number) => `
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => { for (;;); });
    socket.write(String(process.pid));
  });
  server.listen(${port}, '127.0.0.1');
`;

async function answer(port: number): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [words] = (await once(socket, 'data', { signal: AbortSignal.timeout(500) })) as [Buffer];
    return words.toString();
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

async function start() {
  const port = await freePort();
  const launch: Launch = {
    name: 'nats',
    engine: 'a server',
    command: process.execPath,
    args: ['-e', program(port)],
    env: process.env,
    data: directory,
    port,
    isReady: async () => (await answer(port)) !== undefined,
  };
  return keepRunning(launch, {
    supervisor,
    signal: abort.signal,
    report: (message) => told.push(message),
    gaveUp: (message) => told.push(`gave up: ${message}`),
    checkEveryMs: 20,
  });
}

const isAnother = async (port: number, before: number) => {
  const now = await answer(port);
  return now !== undefined && now !== `${before}`;
};

describe('a server that is kept running', () => {
  it('is started again on its port when it ends by itself, until it has ended too often', async () => {
    const server = await start();
    for (const _ of [1, 2, 3]) {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await until('it serves again', () => isAnother(server.port, pid));
      await until('it is known', () => server.pid !== pid);
    }
    process.kill(server.pid, 'SIGKILL');
    await until('it is given up', () => told.some((message) => message.startsWith('gave up')));
    expect(told.filter((message) => /a server was ended by SIGKILL.*started again/s.test(message))).toHaveLength(3);
    expect(await answer(server.port)).toBeUndefined();
  });

  it('is ended and started again when it answers no longer', async () => {
    const server = await start();
    const { pid } = server;
    connect(server.port, '127.0.0.1')
      .on('error', () => undefined)
      .write('hang');
    await until('it serves again', () => isAnother(server.port, pid));
    expect(told[0]).toBe('a server has not answered 3 times in a row: it is ended.');
    expect(told[1]).toMatch(/a server was ended by SIG(ABRT|KILL)/);
  });

  it('stays ended when it ends by itself while all is to end', async () => {
    const server = await start();
    abort.abort();
    process.kill(server.pid, 'SIGKILL');
    await until('it serves no more', async () => (await answer(server.port)) === undefined);
    await supervisor.close();
    expect(told).toEqual([]);
  });

  it('stays ended when it is told to end', async () => {
    const server = await start();
    abort.abort();
    await supervisor.close();
    expect(await answer(server.port)).toBeUndefined();
    expect(told).toEqual([]);
  });
});
