import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let issuer: Server;
let isAway = true;
let url: string;
let authorization: string;

beforeAll(async () => {
  graph = await startTestSupergraph();
  authorization = await graph.signIn('10', 'rider');
  issuer = createServer((_request, response) => {
    if (isAway) return void response.destroy();
    response.end(`{"keys":[${graph.env['JWT_PUBLIC_KEY']}]}`);
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const JWKS_URI = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`;
  const router = await graph.startRouter({ JWKS_URI, JWKS_COOLDOWN_MS: '50', JWT_PUBLIC_KEY: '' });
  url = `http://127.0.0.1:${router.port}/graphql`;
});
afterAll(async () => {
  issuer.close();
  await graph.close();
});

async function me(): Promise<{ status: number; code: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ query: '{ me { userId } }' }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return { status: response.status, code: errors?.[0]?.extensions.code };
}

async function connected(): Promise<{ ack: boolean; code?: number }> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
  return new Promise((resolve) => {
    socket.once('message', () => {
      socket.close();
      resolve({ ack: true });
    });
    socket.once('close', (code) => resolve({ ack: false, code }));
  });
}

describe('a token whose issuer is away', () => {
  it('is answered with 503 and a code that says to come back, over a socket too; then it is good', async () => {
    expect(await me()).toEqual({ status: 503, code: 'SERVICE_UNAVAILABLE' });
    expect(await connected()).toEqual({ ack: false, code: 1013 });
    isAway = false;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await me()).toEqual({ status: 200, code: undefined });
    expect(await connected()).toEqual({ ack: true });
  });
});

describe('a request with two tokens', () => {
  it('is refused: who is asking would be a matter of chance', async () => {
    const sent = request(url, {
      method: 'POST',
      headers: ['Authorization', authorization, 'authorization', 'Bearer x'],
    });
    sent.end('{}');
    const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(400);
  });
});
