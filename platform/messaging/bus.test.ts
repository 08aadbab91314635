import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { until } from '../../test/support/until.ts';
import { createLogger } from '../server/logger.ts';
import { createJetStreamBus, type JetStreamBus } from './bus.ts';

const info = {
  server_id: 'A',
  version: '2.12.0',
  proto: 1,
  headers: true,
  max_payload: 1_048_576,
  auth_required: true,
};

/** Speaks as much of the protocol as a connection needs; refuses so many log-ins first. */
function createBroker() {
  const sockets = new Set<Socket>();
  const state = { refusals: 0, logins: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (bytes: Buffer) => {
      const said = bytes.toString();
      if (said.includes('CONNECT ')) {
        state.logins += 1;
        if (state.refusals > 0) {
          state.refusals -= 1;
          return void socket.end("-ERR 'Authentication Timeout'\r\n");
        }
      }
      for (const _ping of said.matchAll(/PING\r\n/g)) socket.write('PONG\r\n');
    });
  });
  return {
    state,
    listen: () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
    url: () => `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: () => new Promise((resolve) => (server.close(resolve), sockets.forEach((socket) => socket.destroy()))),
  };
}

let broker: ReturnType<typeof createBroker>;
let bus: JetStreamBus | undefined;
beforeEach(async () => {
  broker = createBroker();
  await broker.listen();
});
afterEach(async () => {
  await bus?.close();
  await broker.close();
});

const start = (giveUp?: (error: Error) => void, url = broker.url(), logger = createLogger('silent', 'owner')) =>
  createJetStreamBus(
    {
      NATS_URL: url,
      ...{ NATS_USERNAME: 'owner', NATS_PASSWORD: 'word' },
      ...{ EVENT_STREAM: 'EVENTS', EVENT_SUBJECT_PREFIX: 'evt', EVENT_REPLICAS: 1 },
      ...{ DUPLICATE_WINDOW_MS: 1_000, PUBLISH_TIMEOUT_MS: 1_000, REQUEST_TIMEOUT_MS: 1_000 },
    },
    'owner',
    logger,
    giveUp,
  );
const isUp = () => bus?.status() === 'ok';

it('a broker that refuses log-ins for a while is asked again, however often', async () => {
  bus = start();
  await until('it is connected', isUp);
  for (const refusals of [3, 2]) {
    broker.state.refusals = refusals;
    broker.cut();
    await until('it has noticed', () => !isUp());
    await until('it is connected again', isUp);
    expect(broker.state.refusals).toBe(0);
  }
  expect(broker.state.logins).toBe(1 + 4 + 3);
});

it('a connection that is closed for good, and not by us, ends the process', async () => {
  const told: Error[] = [];
  bus = start((error) => told.push(error));
  await until('it is connected', isUp);
  const { connection } = bus.jetStream() as unknown as { connection: NatsConnection };
  await connection.close();
  await until('it is told', () => told.length === 1);
  expect(isUp()).toBe(false);

  const own = start((error) => told.push(error));
  await until('it is connected', () => own.status() === 'ok');
  await own.close();
  expect(told).toHaveLength(1);
});

it('a broker that offers no TLS is told nothing where the address asks for it, and the log has the reason', async () => {
  const told: unknown[] = [];
  const logger = Object.assign(createLogger('silent', 'owner'), { warn: (fields: unknown) => void told.push(fields) });
  const url = broker.url().replace('nats:', 'tls:');
  bus = start(undefined, url, logger);
  await until('it is told', () => told.length > 0);
  expect(told).toEqual([{ url, reason: "server does not support 'tls'" }]);
  expect(isUp()).toBe(false);
  expect(broker.state.logins).toBe(0);
});
