import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import { until } from '../../test/support/until.ts';
import { askInAnswer } from './half-closed.ts';
import { readBody, sendJson, startHttpServer, type HttpServer } from './http.ts';

let server: HttpServer;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

/** What runs of requests: how to answer it, and whether its client was found to have gone. */
interface Running {
  path: string;
  response: ServerResponse;
  gone(): boolean;
}

async function serve(): Promise<Running[]> {
  const running: Running[] = [];
  server = await startHttpServer({
    port: 0,
    host: '127.0.0.1',
    logger: pino({ level: 'silent' }),
    routes: {
      '/': async (request, response) => {
        let closed = false;
        response.on('close', () => (closed = true));
        await readBody(request, 1_000);
        running.push({ path: request.url ?? '', response, gone: () => closed && !response.writableFinished });
      },
    },
    readiness: () => ({ ready: true, checks: {} }),
    keepAliveMs: 60_000,
    lingerMs: 0,
    drainMs: 100,
    limits: {
      HEADERS_TIMEOUT_MS: 10_000,
      BODY_TIMEOUT_MS: 10_000,
      ANSWER_TIMEOUT_MS: 30_000,
      MAX_HEADER_BYTES: 16_384,
      MAX_CONNECTIONS: 100,
    },
  });
  return running;
}

const get = (path: string, version = '1.1') => `GET ${path} HTTP/${version}\r\nhost: x\r\n\r\n`;

/** A client that sends these bytes, and that is all that it will send. */
function ask(bytes: string) {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let said = '';
  socket.on('data', (chunk) => (said += chunk.toString()));
  socket.on('error', () => undefined);
  socket.end(bytes);
  return { socket, said: () => said, closed: once(socket, 'close') };
}

const answersIn = (said: string) => said.match(/^HTTP\/1\.1 [2-5]\d\d/gm)?.map((line) => line.slice(9)) ?? [];

describe('a client that closes its side after its request', () => {
  it.each(['1.1', '1.0'])('is answered, and then its connection ends (HTTP/%s)', async (version) => {
    const running = await serve();
    const client = ask(get('/', version));
    await until('it is asked whether it is there', () => version === '1.0' || client.said().split(' 102 ').length > 2);
    await until('the request is there', () => running.length === 1);
    if (running[0]) sendJson(running[0].response, 200, { done: true });
    await client.closed;
    expect(client.said()).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*connection: close[^]*\{"done":true\}$/i);
    expect(client.said().includes(' 102 ')).toBe(version === '1.1');
  });

  it('is asked with one listener, however often', async () => {
    const running = await serve();
    const client = ask(get('/'));
    const isAsked = (times: number) => () => running.length === 1 && client.said().split(' 102 ').length > times;
    await until('it is asked', isAsked(1));
    const listeners = running[0]?.response.listenerCount('close');
    await until('it is asked again, and again', isAsked(3));
    expect(running[0]?.response.listenerCount('close')).toBe(listeners);
  });

  it('is answered when it sent a body, and at once', async () => {
    const running = await serve();
    const client = ask(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`);
    await until('the request is there', () => running.length === 1);
    if (running[0]) sendJson(running[0].response, 200, {});
    await client.closed;
    expect(answersIn(client.said())).toEqual(['200']);
  });

  it('is answered as often as it has asked', async () => {
    const running = await serve();
    const client = ask(['/1', '/2', '/3'].map((path) => get(path)).join(''));
    await until('all are there', () => running.length === 3);
    for (const { response, path } of running.toReversed()) sendJson(response, 200, { path });
    await client.closed;
    expect(client.said().match(/"path":"\/\d"/g)).toEqual(['"path":"/1"', '"path":"/2"', '"path":"/3"']);
  });

  it('is answered as often as it has asked, however its answers come', async () => {
    const answer = fc.record({
      inParts: fc.boolean(),
      // When it begins, when it ends: by turns of all of them.
      at: fc.nat(5),
      for: fc.nat(5),
    });
    const running = await serve();
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(0, 120),
        async (answers, waitMs) => {
          running.splice(0);
          const client = ask(answers.map((_each, at) => get(`/${at}`)).join(''));
          await until('all are there', () => running.length === answers.length);
          for (let turn = 0; turn <= 10; turn += 1) {
            for (const [at, each] of answers.entries()) {
              const response = running.find(({ path }) => path === `/${at}`)?.response;
              if (!response) throw new Error(`Request ${at} is not there.`);
              if (each.inParts && turn === each.at) {
                askInAnswer(response, () => response.write(' '));
                response.write(`begun ${at}`);
              }
              if (turn === each.at + each.for) response.end(` ended ${at}`);
            }
            // It is asked in between.
            await delay(turn === 5 ? waitMs : 1);
          }
          await client.closed;
          expect(client.said().match(/ended \d/g)).toEqual(answers.map((_each, at) => `ended ${at}`));
          expect(client.said().match(/begun \d/g) ?? []).toEqual(
            answers.flatMap(({ inParts }, at) => (inParts ? [`begun ${at}`] : [])),
          );
        },
      ),
      { numRuns: 15 },
    );
  });

  it('is told when that was no whole request', async () => {
    await serve();
    for (const bytes of ['GET / HT', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{}']) {
      const client = ask(bytes);
      await client.closed;
      expect(answersIn(client.said())).toEqual(['400']);
    }
  });

  it('keeps no connection open when it has asked nothing', async () => {
    const running = await serve();
    const nothing = ask('');
    await nothing.closed;
    const client = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(client);
    client.write(get('/'));
    await until('the request is there', () => running.length === 1);
    if (running[0]) sendJson(running[0].response, 200, {});
    await once(client, 'data');
    client.end();
    await once(client, 'close');
  });

  it('has the rest of an answer that has begun, if it can be asked within it', async () => {
    const running = await serve();
    const [asked, notAsked] = [ask(get('/asked')), ask(get('/not'))];
    await until('both are there', () => running.length === 2);
    for (const { path, response } of running) {
      if (path === '/asked') askInAnswer(response, () => response.write('?'));
      response.write('begun ');
    }
    await notAsked.closed;
    await until('it is asked', () => asked.said().includes('?'));
    running.find(({ path }) => path === '/asked')?.response.end('ended');
    await asked.closed;
    expect(asked.said()).toContain('ended');
  });
});

describe('a client that has gone', () => {
  it.each([
    ['before its answer', false],
    ['within it', true],
  ])('%s is found out', async (_when, begun) => {
    const running = await serve();
    const client = ask(get('/'));
    await until('the request is there', () => running.length === 1);
    const [one] = running;
    if (one && begun) {
      askInAnswer(one.response, () => one.response.write('?'));
      one.response.write('begun ');
    }
    client.socket.destroy();
    await until('it is known', () => one?.gone() === true);
  });

  it('is found out while it is the turn of an earlier answer', async () => {
    const running = await serve();
    const client = ask(['/1', '/2', '/3'].map((path) => get(path)).join(''));
    await until('all are there', () => running.length === 3);
    const of = (path: string) => running.find((each) => each.path === path);
    // One has ended, one has begun: both wait for the first.
    of('/3')?.response.end();
    of('/2')?.response.write('begun');
    client.socket.destroy();
    // Not only by the deadline of its answer.
    await until('it is known', () => of('/1')?.gone() === true, 10_000);
  });
});
