import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Router } from '../router.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';

jest.setTimeout(30_000);

let graph: TestSupergraph;
let router: Router;
beforeAll(async () => {
  graph = await startTestSupergraph();
  router = await graph.startRouter({
    HEADERS_TIMEOUT_MS: '500',
    BODY_TIMEOUT_MS: '500',
    MAX_BODY_BYTES: '1000',
    MAX_BODIES_PER_CLIENT: '2000',
  });
});
afterAll(() => graph.close());

/** All that comes back until the server closes. */
function send(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(router.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.on('close', () => resolve(said));
    socket.on('error', reject);
    socket.setTimeout(20_000, () => socket.destroy(new Error(`Neither answered nor closed: ${said}`)));
  });
}

interface Told {
  status: string | undefined;
  type: string | undefined;
  code: unknown;
  message: unknown;
}

/** One answer, whole, and nothing after it. */
function read(text: string): Told {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1];
  expect(header('content-length')).toBe(String(Buffer.byteLength(body)));
  expect(header('connection')).toBe('close');
  const { errors } = JSON.parse(body) as { errors: { message: unknown; extensions: { code: unknown } }[] };
  expect(errors).toHaveLength(1);
  return {
    status: /^HTTP\/1\.1 (\d+)/.exec(head)?.[1],
    type: header('content-type'),
    code: errors[0]?.extensions.code,
    message: errors[0]?.message,
  };
}

const refused = (status: string) => ({
  status,
  type: expect.stringMatching(/^application\/(graphql-response\+)?json; charset=utf-8$/),
  code: 'BAD_REQUEST',
  message: expect.stringMatching(/^[A-Z].*\.$/),
});

const query = '{"query":"{ __typename }"}';
const post = (headers: string, body: string) =>
  `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${headers}\r\n\r\n${body}`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

const requests = {
  'of known length': post(`content-length: ${query.length}`, query),
  'in chunks': post('transfer-encoding: chunked', `${chunk(query.slice(0, 9))}${chunk(query.slice(9))}0\r\n\r\n`),
  'of a stream of events': post(`accept: text/event-stream\r\ncontent-length: ${query.length}`, query),
  'for the address': 'GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: x\r\naccept: application/json\r\n\r\n',
};

describe('a request that stops after any byte', () => {
  it.each(Object.entries(requests))('is told that it is late, and why: %s', async (_what, whole) => {
    const cuts = Array.from({ length: whole.length - 1 }, (_each, index) => index + 1);
    const answers = await Promise.all(cuts.map((cut) => send(whole.slice(0, cut))));
    const told = new Map(cuts.map((cut, index) => [whole.slice(0, cut), answers[index] ?? '']));
    for (const [sent, said] of told) expect({ sent, ...read(said) }).toEqual({ sent, ...refused('408') });
  });
});

describe('a client that closes its side after its request', () => {
  async function half(bytes: string): Promise<string> {
    const socket = connect({ port: router.port, host: '127.0.0.1', allowHalfOpen: true });
    let said = '';
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.end(bytes);
    await once(socket, 'close');
    return said;
  }

  it.each(Object.entries(requests))('is answered: one %s', async (_what, whole) => {
    const said = await half(whole);
    expect(said).toContain('HTTP/1.1 200 OK');
    expect(said).toContain('{"data":{"__typename":"Query"}}');
  });

  it('hears of the mutation that it had made', async () => {
    const body = '{"query":"mutation { registerBike(input: { color: \\"green\\" }) { bike { color } } }"}';
    const token = await graph.signIn('1', 'operator');
    const said = await half(post(`authorization: ${token}\r\ncontent-length: ${body.length}`, body));
    expect(said).toContain('{"data":{"registerBike":{"bike":{"color":"green"}}}}');
  });
});

describe('a request that is too long', () => {
  const long = 'x'.repeat(2_000);
  it.each([
    ['a header line that ends', post(`x-long: ${'x'.repeat(20_000)}\r\ncontent-length: 0`, ''), '431'],
    ['a header line that does not end', `GET /graphql HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}`, '431'],
    ['a header name that does not end', `GET /graphql HTTP/1.1\r\nhost: x\r\n${'x'.repeat(20_000)}`, '431'],
    ['an address that does not end', `GET /graphql?query=${'x'.repeat(20_000)}`, '431'],
    ['too many headers', post(`${'a: b\r\n'.repeat(200)}content-length: 0`, ''), '431'],
    ['a length that is announced', post('content-length: 2000', ''), '413'],
    ['a length that is announced, and half of it', post('content-length: 2000', long.slice(1_000)), '413'],
    ['a chunk', post('transfer-encoding: chunked', chunk(long)), '413'],
    ['half a chunk', post('transfer-encoding: chunked', chunk(long).slice(0, 1_500)), '413'],
    ['many chunks', post('transfer-encoding: chunked', chunk('x').repeat(1_001)), '413'],
    ['the extensions of a chunk', post('transfer-encoding: chunked', `1;${'x'.repeat(20_000)}`), '413'],
  ])('is told so: by %s', async (_what, bytes, status) => {
    expect(read(await send(bytes))).toEqual(refused(status));
  });
});
