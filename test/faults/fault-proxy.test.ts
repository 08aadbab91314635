import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createDice } from '../../cli/demo/dice.ts';
import { until } from '../support/until.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';

/** A server that echoes every line, prefixed with its name. */
async function createEcho(name: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.write(`${name}:${bytes.toString()}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('a fault proxy', () => {
  let servers: Server[];
  let proxy: FaultProxy;
  let sockets: Socket[];
  beforeEach(async () => {
    sockets = [];
    servers = await Promise.all([createEcho('one'), createEcho('two')]);
    proxy = await createFaultProxy(servers.map(portOf), createDice(1));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await proxy.close();
    for (const server of servers) server.close();
  });

  /** A client, and what it has received so far. */
  async function join(): Promise<{ say(text: string): void; heard(): string; broken(): boolean }> {
    const socket = connect(proxy.port, '127.0.0.1');
    let heard = '';
    let broken = false;
    socket.on('error', () => undefined);
    socket.on('close', () => (broken = true));
    socket.on('data', (bytes) => (heard += bytes.toString()));
    sockets.push(socket);
    // A link that refuses can break it before it is up.
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    return { say: (text) => socket.write(text), heard: () => heard, broken: () => broken };
  }

  it('forwards, and takes turns between its targets', async () => {
    const [first, second] = [await join(), await join()];
    first.say('a');
    await until('the first heard', () => first.heard() === 'one:a');
    second.say('b');
    await until('the second heard', () => second.heard() === 'two:b');
  });

  it('passes over a target that is gone', async () => {
    servers[0]?.close();
    const [first, second] = [await join(), await join()];
    first.say('a');
    second.say('b');
    await until('both are served by the other', () => first.heard() === 'two:a' && second.heard() === 'two:b');
  });

  it('delays what passes, both ways, and keeps its order', async () => {
    const client = await join();
    proxy.set({ kind: 'latency', ms: 100, jitterMs: 50 });
    const startedAt = performance.now();
    for (const letter of ['a', 'b', 'c']) client.say(letter);
    await until('all of it came back', () => client.heard().replaceAll('one:', '') === 'abc');
    expect(performance.now() - startedAt).toBeGreaterThan(90);
  });

  it('holds everything in a black hole, and lets it go afterwards', async () => {
    const client = await join();
    proxy.set({ kind: 'black-hole' });
    client.say('a');
    await expect(until('heard', () => client.heard() !== '', 300)).rejects.toThrow('Not within');
    expect(client.broken()).toBe(false);
    proxy.heal();
    await until('heard', () => client.heard() === 'one:a');
  });

  it('loses answers one way, and breaks the connection when it heals', async () => {
    const heardByServer: string[] = [];
    servers[0]?.on('connection', (socket: Socket) =>
      socket.on('data', (bytes) => heardByServer.push(bytes.toString())),
    );
    const client = await join();
    proxy.set({ kind: 'one-way' });
    client.say('a');
    await until('the request arrived', () => heardByServer.join('') === 'a');
    proxy.heal();
    await until('the connection broke', () => client.broken());
    expect(client.heard()).toBe('');
  });

  it('breaks connections when reset, and accepts new ones; refuses them when told to', async () => {
    const client = await join();
    client.say('a');
    await until('the first one is served', () => client.heard() === 'one:a');
    proxy.reset();
    await until('the connection broke', () => client.broken());
    const next = await join();
    next.say('a');
    await until('the next one is served', () => next.heard() === 'two:a');
    proxy.set({ kind: 'refuse' });
    await until('it broke too', () => next.broken());
    const late = await join();
    await until('new ones break', () => late.broken());
  });

  it('lets so many bytes a second through', async () => {
    const client = await join();
    proxy.set({ kind: 'slow', bytesPerSecond: 1_000 });
    const startedAt = performance.now();
    client.say('x'.repeat(200));
    await until('all of it came back', () => client.heard().length === 204);
    expect(performance.now() - startedAt).toBeGreaterThan(350);
  });
});
