import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { askRouter } from './ask-router.ts';

let server: Server;
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ask = async () => {
  const { port } = server.address() as AddressInfo;
  return (await askRouter(`http://127.0.0.1:${port}/`, { method: 'POST' }, 50)).text();
};

it.each<[string, typeof answer]>([
  ['nothing', () => undefined],
  ['headers alone', (response) => response.flushHeaders()],
])('a router that answers %s is waited for no longer', async (_what, silent) => {
  answer = silent;
  await expect(ask()).rejects.toMatchObject({ name: 'TimeoutError' });
});

it('a router that answers is heard', async () => {
  answer = (response) => response.end('here');
  expect(await ask()).toBe('here');
});
