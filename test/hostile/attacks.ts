import { setTimeout as delay } from 'node:timers/promises';
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { times, type Attacker, type Line } from './attacker.ts';
import { bodyOf, hostileDocuments } from './documents.ts';
import { brokenFrames, frame, upgrade } from './raw-socket.ts';

/** Abusive behaviour of a client. Ends by itself; the suite closes what it opened. */
export interface Attack {
  name: string;
  /** As heavy as the limits allow: a victim may wait for a second instead of 250 ms. */
  heavy?: true;
  run(attacker: Attacker): Promise<unknown>;
}

export const apiSchema = buildSchema(
  readFileSync(join(import.meta.dirname, '../../schema/client/generated/api.graphql'), 'utf8'),
);

const small = '{ bikes(first: 1) { nodes { bikeId } } }';
const large = '{ bikes(first: 200) { nodes { bikeId color registeredDate condition isAvailable } } }';
const subscription = 'subscription ($n: Int) { reservationChanged(reserveNo: $n) { reserveNo reserveStatus } }';
const sse = { accept: 'text/event-stream' };
const subscribe = (id: string, query: string, variables?: unknown) => ({
  id,
  type: 'subscribe',
  payload: { query, variables },
});

/** Of tools, arguments and methods: what JavaScript has on every object, and text that is hard to write. */
const strangeNames: readonly [string, ...string[]] = [
  '__proto__',
  ...['constructor', 'toString', 'hasOwnProperty', 'length', 'then', '', ' ', '../../x', '${7*7}', '따릉이'],
  ...['\u0000', '\ud83d', '\u202e', 'x'.repeat(5_000)],
];

/** Each document once over one transport. */
async function everyDocument(attacker: Attacker, send: (body: string, index: number) => Promise<unknown>) {
  await times(1, 1, async () => {
    const documents = hostileDocuments(apiSchema, attacker.dice);
    await times(documents.length, 4, async (index) => {
      const document = documents[index];
      if (document) await send(bodyOf(document), index);
    });
  });
}

async function brokenSocketsAt(attacker: Attacker, port?: number) {
  await times(60, 10, async (index) => {
    const socket = await upgrade(attacker, port);
    const init = index % 2 === 0 ? frame({ type: 'connection_init' }) : Buffer.alloc(0);
    const hex = brokenFrames[index % brokenFrames.length] ?? '';
    const random = Buffer.from(Array.from({ length: attacker.dice.below(64) }, () => attacker.dice.below(256)));
    socket.write(Buffer.concat([init, Buffer.from(hex.padEnd(hex.length + (hex.length % 2), '0'), 'hex'), random]));
    await delay(20);
    socket.destroy();
  });
}

export const attacks: readonly Attack[] = [
  {
    name: 'hostile documents by POST',
    run: (attacker) => everyDocument(attacker, (body) => attacker.post(body)),
  },
  {
    name: 'hostile documents of a rider by POST',
    run: async (attacker) => {
      const token = await attacker.token('mallory');
      await everyDocument(attacker, (body) => attacker.post(body, { token }));
    },
  },
  {
    name: 'hostile documents by GET',
    run: (attacker) =>
      everyDocument(attacker, async (body) => {
        const { query, variables } = JSON.parse(body.length < 200_000 ? body : '{"query":"{a}"}') as {
          query: string;
          variables?: unknown;
        };
        const search = new URLSearchParams({ query, variables: JSON.stringify(variables ?? {}) });
        await attacker.get(`/graphql?${String(search).slice(0, 60_000)}`);
      }),
  },
  {
    name: 'hostile documents over a WebSocket',
    run: async (attacker) => {
      let line: Line | undefined;
      await everyDocument(attacker, async (body, index) => {
        if (!line?.isOpen()) line = await attacker.socket();
        line.send(`{"id":"${index}","type":"subscribe","payload":${body}}`);
        await delay(20);
      });
      await delay(500);
    },
  },
  {
    name: 'hostile documents over server-sent events',
    run: (attacker) => everyDocument(attacker, (body) => attacker.post(body, { ...sse, leaveAfterMs: 2_000 })),
  },
  {
    name: 'hostile documents as subscriptions',
    run: async (attacker) => {
      const token = await attacker.token('mallory');
      let line: Line | undefined;
      await everyDocument(attacker, async (body, index) => {
        if (!line?.isOpen()) line = await attacker.socket({ token });
        const deeper = body
          .replace('{ bikes(', '{ reservationChanged { bike { bikeId } user { reservations(')
          .replace('"query":"{', '"query":"subscription {');
        line.send(`{"id":"${index}","type":"subscribe","payload":${deeper}}`);
        await delay(10);
      });
      await delay(500);
    },
  },
  {
    name: 'hostile documents at the subgraphs',
    run: (attacker) =>
      everyDocument(attacker, async (body, index) => {
        const port = attacker.subgraphPorts[index % attacker.subgraphPorts.length];
        if (port) await attacker.post(body, { port });
      }),
  },
  {
    name: 'a thousand distinct documents of a megabyte over a WebSocket',
    run: async (attacker) => {
      let line = await attacker.socket();
      await times(300, 1, async (index) => {
        if (!line.isOpen()) line = await attacker.socket();
        line.send(
          subscribe(`${index}`, `subscription { dashboardUpdated { cursor } } #${index}${'x'.repeat(900_000)}`),
        );
        if (index % 10 === 9) await delay(20);
      });
      await delay(500);
    },
  },
  {
    name: 'distinct documents, each as large as may be, over every transport',
    run: async (attacker) => {
      const line = await attacker.socket();
      await times(900, 8, async (index) => {
        const query = `{ __typename } #${index}${'x'.repeat(30_000)}`;
        if (index % 3 === 0) return attacker.post({ query });
        if (index % 3 === 1) return attacker.post({ query }, { ...sse, leaveAfterMs: 2_000 });
        line.send(subscribe(`${index}`, query));
        return delay(5);
      });
    },
  },
  {
    name: 'distinct subscriptions',
    run: async (attacker) => {
      const token = await attacker.token('mallory');
      await times(20, 2, async (socket) => {
        const line = await attacker.socket({ token });
        for (let n = 0; n < 150; n += 1) line.send(subscribe(`${n}`, subscription, { n: socket * 1_000 + n }));
        await delay(100);
      });
    },
  },
  {
    name: 'operations with a name each',
    run: (attacker) =>
      times(600, 8, (index) => {
        const name = `n${index}${'a'.repeat(attacker.dice.pick([10, 60, 1_000, 20_000]))}`;
        return attacker.post({ query: `query ${name} { __typename }`, operationName: name });
      }),
  },
  {
    name: 'pings with all that fits, answers unread',
    run: (attacker) =>
      times(10, 10, async (index) => {
        const line = await attacker.socket({ deaf: true, init: index % 2 === 0 });
        const payload = { fill: 'x'.repeat(attacker.dice.pick([900, 60_000, 900_000])) };
        for (let n = 0; n < 100; n += 1) {
          line.send({ type: 'ping', payload });
          line.send({ type: 'pong', payload });
          if (n % 10 === 9) await delay(10);
        }
        for (let n = 0; n < 2_000; n += 1) line.socket.ping('x'.repeat(125));
        await delay(500);
      }),
  },
  {
    name: 'queries over a WebSocket that are given up at once',
    run: async (attacker) => {
      const line = await attacker.socket();
      for (let n = 0; n < 1_900; n += 1) {
        line.send(subscribe(`${n}`, large.replace('bikes', `a${n % 7}: bikes`)));
        if (n % 20 === 19) await delay(20);
        line.send({ id: `${n}`, type: 'complete' });
      }
      await delay(500);
    },
  },
  {
    name: 'subscribe, complete and subscribe in one segment',
    run: async (attacker) => {
      const token = await attacker.token('mallory');
      await times(100, 10, async (index) => {
        const socket = await upgrade(attacker, undefined, `Authorization: Bearer ${token}\r\n`);
        await delay(20);
        socket.write(
          Buffer.concat([
            frame({ type: 'connection_init' }),
            frame(subscribe('1', subscription, { n: index })),
            frame({ id: '1', type: 'complete' }),
            frame(subscribe('1', subscription, { n: index + 1 })),
          ]),
        );
        await delay(50);
        socket.destroy();
      });
    },
  },
  {
    name: '600 event streams of one rider',
    run: async (attacker) => {
      const token = await attacker.token('mallory');
      await times(600, 50, (index) =>
        attacker.begin({ query: subscription, variables: { n: index } }, { ...sse, token }),
      );
      await delay(1_000);
    },
  },
  {
    name: '300 event streams of anybody',
    run: (attacker) => times(300, 50, (index) => attacker.begin({ query: subscription, variables: { n: index } }, sse)),
  },
  {
    name: '200 bodies that never end',
    run: async (attacker) => {
      await times(200, 20, async () => {
        const socket = await attacker.tcp();
        socket.write(
          'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n',
        );
        socket.write(`{"query":"${'x'.repeat(900_000)}`);
      });
      await delay(1_500);
    },
  },
  {
    name: '300 connections that say a letter at a time',
    run: async (attacker) => {
      const sockets = await Promise.all(Array.from({ length: 300 }, () => attacker.tcp()));
      const text = 'POST /graphql HTTP/1.1\r\nHost: a\r\nX-Fill: aaaaaaaaaa';
      for (const letter of text) {
        for (const socket of sockets) if (socket.writable) socket.write(letter);
        await delay(50);
      }
    },
  },
  {
    name: 'HTTP that is none, too long, compressed or in pieces',
    run: (attacker) =>
      times(200, 10, async (index) => {
        const socket = await attacker.tcp();
        const start = 'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
        const texts: string[] = [
          'GET / HTTP/9.9\r\n\r\n',
          '\u0000\u0001\u0002',
          `GET /${'x'.repeat(200_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
          `${start}X: ${'x'.repeat(200_000)}\r\n\r\n`,
          `${start}${'X: y\r\n'.repeat(5_000)}\r\n`,
          `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
          `${start}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n`,
          `${start}Transfer-Encoding: chunked\r\n\r\n${'1;a=b\r\n{\r\n'.repeat(20_000)}`,
          `${start}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc`,
          `${start}Content-Length: -1\r\n\r\n`,
          `${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}`,
          `${start}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`,
          'GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
          'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
          'GET /../../../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n',
          'GET /%2e%2e/%2e%2e/package.json HTTP/1.1\r\nHost: a\r\n\r\n',
          'GET /assets/%00 HTTP/1.1\r\nHost: a\r\n\r\n',
          'GET /%E0%A4%A HTTP/1.1\r\nHost: a\r\n\r\n',
          'GET //// HTTP/1.1\r\nHost: a\r\n\r\n',
        ];
        socket.write(texts[index % texts.length] ?? '');
        await delay(50);
        socket.destroy();
      }),
  },
  {
    name: 'a thousand requests down one connection, answers unread',
    run: async (attacker) => {
      const body = JSON.stringify({ query: large });
      const text = `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      await times(10, 10, async () => {
        const socket = await attacker.tcp();
        socket.pause();
        socket.write(text.repeat(100));
        await delay(2_000);
      });
    },
    heavy: true,
  },
  {
    name: 'large answers that are never read',
    heavy: true,
    run: async (attacker) => {
      await times(200, 20, () => attacker.begin({ query: large }));
      await delay(500);
    },
  },
  {
    name: 'broken frames',
    run: (attacker) => brokenSocketsAt(attacker),
  },
  {
    name: 'broken frames at the subgraphs',
    run: async (attacker) => {
      for (const port of attacker.subgraphPorts) await brokenSocketsAt(attacker, port);
    },
  },
  {
    name: 'messages that the protocol does not know',
    run: (attacker) =>
      times(200, 20, async (index) => {
        const line = await attacker.socket({ init: index % 3 > 0 });
        const messages: unknown[] = [
          'null',
          '[]',
          '"x"',
          '{',
          '['.repeat(50_000),
          { type: 'subscribe' },
          { type: 'subscribe', id: 5, payload: { query: small } },
          { type: 'subscribe', id: 'x'.repeat(100_000), payload: { query: small } },
          { type: 'subscribe', id: '__proto__', payload: { query: small } },
          { type: 'complete', id: 'unknown' },
          { type: 'connection_init', payload: { authorization: ['Bearer x'] } },
          { type: 'connection_init', payload: { headers: { authorization: 'x'.repeat(500_000) } } },
          Buffer.from([0xff, 0xfe]),
          { type: 'x'.repeat(500_000) },
        ];
        line.send(messages[index % messages.length]);
        await delay(50);
        line.socket.terminate();
      }),
  },
  {
    name: '2,000 sockets that never introduce themselves',
    run: async (attacker) => {
      await times(2_000, 50, () => attacker.socket({ init: false }));
      await delay(500);
    },
    heavy: true,
  },
  {
    name: 'tokens that are none',
    run: (attacker) =>
      times(1_500, 16, (index) => {
        const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const token = attacker.dice.pick([
          `x${index}`,
          'x'.repeat(14_000),
          `${part({ alg: 'none' })}.${part({ sub: `${index}` })}.`,
          `${part({ alg: 'HS256', kid: `${index}` })}.${part({ sub: '1', roles: ['admin'] })}.${'a'.repeat(43)}`,
          `${part({ alg: 'EdDSA', kid: 'development' })}.${part({ sub: `${index}` })}.${'a'.repeat(86)}`,
          `${part({ alg: 'EdDSA', jku: 'http://127.0.0.1:9/' })}.${part({})}.${'a'.repeat(86)}`,
        ]);
        return attacker.post({ query: small }, { token });
      }),
  },
  {
    name: 'side doors',
    run: (attacker) =>
      times(600, 16, (index) => {
        const paths = [
          '/metrics',
          '/readyz',
          '/healthz',
          '/config.json',
          '/',
          '/nothing',
          `/assets/${'x'.repeat(2_000)}.js`,
        ];
        if (index % 8 === 7) {
          return attacker.post(`{"userId":"${'x'.repeat(attacker.dice.pick([10, 300, 100_000]))}","roles":[]}`, {
            path: '/dev/token',
          });
        }
        return attacker.get(paths[index % paths.length] ?? '/');
      }),
    heavy: true,
  },
  {
    name: 'as many operations in one body as fit',
    run: (attacker) =>
      times(50, 4, () => attacker.post(JSON.stringify(Array.from({ length: 5_000 }, () => ({ query: small }))))),
  },
  {
    name: 'assistants that make no sense',
    run: (attacker) =>
      times(700, 16, async (index) => {
        const { dice } = attacker;
        const name = dice.pick(strangeNames);
        const version = dice.pick(['2025-06-18', '2025-11-25', '2026-07-28', '1999-01-01', name]);
        const ids = [1, -1, 0.5, 1e308, null, true, [], {}, '', name, 'x'.repeat(10_000)];
        const many = Object.fromEntries(
          Array.from({ length: dice.pick([1, 1, 10_000]) }, (_, key) => [`k${key}`, key]),
        );
        const given = dice.pick([
          name,
          [name],
          { [name]: name },
          { bikeId: name, first: 1e308 },
          { input: many },
          many,
        ]);
        const meta = { 'io.modelcontextprotocol/protocolVersion': version, [name]: name };
        const params = { name: dice.pick(['Bike', 'RegisterBike', name]), arguments: given, protocolVersion: version };
        const id = ids[index % ids.length];
        const rpc = (method: unknown, more: object = { id }) => ({ jsonrpc: '2.0', method, params, ...more });
        const bodies = [
          () => rpc('tools/call'),
          () => rpc('tools/call', { id, params: { ...params, _meta: meta } }),
          () => rpc('initialize'),
          () => rpc('tools/list', { id, params: { cursor: name, _meta: meta } }),
          () => rpc(name),
          () => rpc('notifications/cancelled', {}),
          () => Array.from({ length: 3_000 }, () => ({ jsonrpc: '2.0', id: 1, method: 'ping' })),
          () => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"arguments":'.repeat(30_000)}`,
          () => `{"__proto__":{"method":"tools/list"},"jsonrpc":"2.0","id":1,"constructor":{"prototype":{}}}`,
        ];
        const headers = {
          accept: dice.pick(['application/json, text/event-stream', 'text/event-stream', '*/*', 'image/png']),
          ...(index % 3 === 0 ? { 'mcp-protocol-version': encodeURI(version.toWellFormed()).slice(0, 200) } : {}),
          ...(index % 5 === 0 ? { 'mcp-session-id': 'x'.repeat(dice.pick([1, 100, 8_000])) } : {}),
        };
        const options = { path: '/mcp', headers, leaveAfterMs: dice.pick([5, 5_000]) };
        // Now and then the tools are asked for, a megabyte of them in all, and not read.
        if (index % 10 === 0) return attacker.begin(rpc('tools/list', { id: 1, params: {} }), options);
        return attacker.post(bodies[index % bodies.length]?.(), options);
      }),
  },
  {
    name: 'JSON that is none, or deeper than a stack',
    run: (attacker) =>
      times(60, 4, (index) => {
        const bodies = [
          '',
          '{',
          'null',
          '"x"',
          '{"query":',
          '['.repeat(900_000),
          `{"a":${'{"a":'.repeat(150_000)}`,
          `{"query":"${'\\u0000'.repeat(150_000)}"}`,
          `{"query":"{a}","query":${'1'.repeat(900_000)}}`,
        ];
        return attacker.post(bodies[index % bodies.length] ?? '');
      }),
  },
  {
    name: 'expensive queries whose client has gone',
    heavy: true,
    run: (attacker) =>
      times(600, 40, (index) =>
        attacker.post({ query: large.replace('bikes', `a${index % 9}: bikes`) }, { leaveAfterMs: 5 + (index % 20) }),
      ),
  },
  {
    name: 'one rider with as much as the limits allow',
    heavy: true,
    run: async (attacker) => {
      const token = await attacker.token('mallory');
      await times(800, 64, () => attacker.post({ query: large }, { token }));
    },
  },
  {
    name: '200 clients with as much as the limits allow',
    heavy: true,
    run: async (attacker) => {
      const tokens = await Promise.all(Array.from({ length: 200 }, (_, n) => attacker.token(`m${n}`)));
      await times(1_200, 200, (index) =>
        attacker.post({ query: large }, { token: tokens[index % 200] ?? '', leaveAfterMs: 5_000 }),
      );
    },
  },
  {
    name: 'ten thousand changes of mind',
    run: async (attacker) => {
      const token = await attacker.token('mallory');
      let line = await attacker.socket({ token });
      for (let n = 0; n < 10_000; n += 1) {
        if (!line.isOpen()) line = await attacker.socket({ token });
        line.send(subscribe('1', subscription, { n: n % 3 }));
        line.send({ id: '1', type: 'complete' });
        if (n % 100 === 99) await delay(10);
      }
      await delay(500);
    },
    heavy: true,
  },
];
