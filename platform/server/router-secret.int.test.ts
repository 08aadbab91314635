import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { ConfigError } from './config.ts';
import { startService, type RunningService, type ServiceDefinition } from '../service/service.ts';
import { createStage, type Stage } from '../service/testing.ts';

const secret = 'a secret of the routers';
const next = 'the one that comes after';
const sdl = 'scalar Long scalar DateTime type Query { ok: Boolean } type Subscription { ticks: Int }';
const definition: ServiceDefinition = {
  name: 'guarded',
  sdl,
  port: 0,
  create: () => ({ resolvers: { Query: { ok: () => true } }, parts: [] }),
};

let stage: Stage;
let service: RunningService;
beforeAll(async () => {
  stage = await createStage();
  service = await startService(definition, { ...stage.env, ROUTER_SECRET: `${secret}, ${next}` });
  stage.keep(service);
});
afterAll(() => stage.close());

const at = (path: string) => `http://127.0.0.1:${service.port}${path}`;

const ask = (headers: Record<string, string>, method = 'POST') =>
  fetch(at(method === 'GET' ? '/graphql?query={ok}' : '/graphql'), {
    method,
    headers: { 'content-type': 'application/json', 'apollo-require-preflight': 'true', ...headers },
    ...(method === 'POST' ? { body: '{"query":"{ ok }"}' } : {}),
  });

async function connects(headers: Record<string, string>): Promise<string> {
  const socket = new WebSocket(at('/graphql').replace('http', 'ws'), 'graphql-transport-ws', { headers });
  const outcome = await once(socket, 'open').then(() => 'open', String);
  socket.terminate();
  return outcome;
}

const wrong: Record<string, string>[] = [
  {},
  { 'x-router-secret': '' },
  { 'x-router-secret': secret.slice(1) },
  { 'x-router-secret': `${secret}x` },
  { 'x-router-secret': `${secret}, ${next}` },
  { 'x-router-secret': 'x'.repeat(5_000) },
  { authorization: `Bearer ${secret}` },
  { cookie: `x-router-secret=${secret}` },
];

describe('a subgraph with a secret', () => {
  it.each(wrong)('answers only the router (%#)', async (headers) => {
    for (const method of ['POST', 'GET']) {
      const response = await ask(headers, method);
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({ error: 'A subgraph answers the router only.' });
    }
    expect(await connects(headers)).toContain('403');
  });

  it.each([secret, next])('answers a caller that has it, also while it is changed', async (word) => {
    const headers = { 'x-router-secret': word };
    expect(await (await ask(headers)).json()).toEqual({ data: { ok: true } });
    expect((await ask(headers, 'GET')).status).toBe(200);
    expect(await connects(headers)).toBe('open');
  });

  it('tells anybody how it is', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) expect((await fetch(at(path))).status).toBe(200);
  });

  it('does not start with one that can be guessed', async () => {
    await expect(startService(definition, { ...stage.env, ROUTER_SECRET: 'short' })).rejects.toThrow(ConfigError);
  });
});
