import { randomBytes, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { nowMs } from './clock.ts';
import { changeTo, subscription } from './shop.ts';

/**
 * Clients that listen, in a process of their own: `listeners.ts <port> <transport> <clients> <local address>`. They read
 * bytes from sockets and compare them, without a library, because ten thousand of them share a core with the subgraphs.
 * Tells the parent `{ connected }` at last, and `{ price, lastAtMs, wrong }` when all have a change of a price.
 */
const [, , port = '', transport = 'websocket', count = '1', localAddress = '127.0.0.1'] = process.argv;
const clients = Number(count);
/** Handshakes under way at once. */
const atOnce = 50;

interface Change {
  price: number;
  /** The message of any client, with its id at `idAt`. */
  message: Buffer;
  idAt: number;
  received: number;
}

let current: Change | undefined;
let wrong = 0;
const nextOf = { websocket: readFrames, sse: readStream }[transport] ?? readFrames;
/** Every socket's bytes come here: what is kept is copied. */
const shared = Buffer.allocUnsafe(65_536);

/** A message with an answer: equal to that of any other client but for the id, which is the client's own. */
function receive(message: Buffer, id: Buffer): void {
  if (!current || !isSame(current, message, id)) {
    const change = read(message, id);
    if (!change) {
      wrong += 1;
      if (wrong < 4) process.stderr.write(`wrong: ${message.toString('latin1').slice(0, 300)}\n`);
      return;
    }
    current = change;
  }
  current.received += 1;
  if (current.received === clients) process.send?.({ price: current.price, lastAtMs: nowMs(), wrong });
}

function isSame({ message: other, idAt }: Change, message: Buffer, id: Buffer): boolean {
  const after = idAt + id.length;
  return (
    message.length === other.length &&
    message.compare(other, 0, idAt, 0, idAt) === 0 &&
    message.compare(id, 0, id.length, idAt, after) === 0 &&
    message.compare(other, after, other.length, after) === 0
  );
}

/** The first message of a change; undefined when it is not right, or not of a later change. */
function read(message: Buffer, id: Buffer): Change | undefined {
  const text = message.toString('latin1');
  const payload = payloadIn(text, id.toString('latin1'));
  const price = payload?.data?.priceChanged?.price ?? 0;
  if (price <= (current?.price ?? 0) || !isDeepStrictEqual(payload, { data: changeTo(price) })) return undefined;
  return { price, message: Buffer.from(message), idAt: id.length > 0 ? message.indexOf(id) : 0, received: 0 };
}

interface Payload {
  data?: { priceChanged?: { price?: number } };
}

function payloadIn(text: string, id: string): Payload | undefined {
  if (transport === 'sse') return JSON.parse(/^data: ?(.*)$/m.exec(text)?.[1] ?? 'null') as Payload;
  const given = JSON.parse(text) as { id?: string; type?: string; payload?: Payload };
  return given.type === 'next' && given.id === id ? given.payload : undefined;
}

/** What is left of the bytes of a socket when all that is whole was taken. */
type Take = (bytes: Buffer, socket: Socket) => Buffer | undefined;

function open(take: Take, hello: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest: Buffer | undefined;
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      localAddress,
      noDelay: true,
      onread: {
        buffer: shared,
        callback(size) {
          const bytes = shared.subarray(0, size);
          const left = take(rest ? Buffer.concat([rest, bytes]) : bytes, socket);
          rest = left && left.length > 0 ? Buffer.from(left) : undefined;
          return true;
        },
      },
    });
    socket.on('error', reject);
    socket.on('close', () => {
      process.stderr.write('A connection was closed.\n');
      process.exit(1);
    });
    socket.on('connect', () => {
      socket.write(hello);
      resolve();
    });
  });
}

const endOfHead = Buffer.from('\r\n\r\n');

/** graphql-transport-ws: handshake, `connection_init`, `subscribe`, then frames. */
async function readFrames(): Promise<void> {
  const id = Buffer.from(randomUUID());
  let stage: 'head' | 'ack' | 'live' = 'head';
  let done: () => void = () => undefined;
  const subscribed = new Promise<void>((resolve) => (done = resolve));
  const take: Take = (bytes, socket) => {
    let left = bytes;
    if (stage === 'head') {
      const end = left.indexOf(endOfHead);
      if (end < 0) return left;
      if (!left.toString('latin1', 0, 12).endsWith('101')) throw new Error(left.toString('latin1', 0, end));
      stage = 'ack';
      left = left.subarray(end + endOfHead.length);
      socket.write(frame(1, Buffer.from('{"type":"connection_init"}')));
    }
    while (left.length >= 2) {
      const short = (left[1] ?? 0) & 0x7f;
      const start = short < 126 ? 2 : 4;
      if (left.length < start) return left;
      const length = short < 126 ? short : left.readUInt16BE(2);
      if (left.length < start + length) return left;
      const payload = left.subarray(start, start + length);
      const opcode = (left[0] ?? 0) & 0x0f;
      left = left.subarray(start + length);
      if (opcode === 9) socket.write(frame(10, payload));
      else if (opcode === 8) throw new Error(`Closed: ${payload.toString('latin1', 2)}`);
      else if (opcode !== 1) continue;
      else if (stage === 'live' && payload.indexOf('"next"') > 0) receive(payload, id);
      else if (payload.indexOf('"ping"') > 0) socket.write(frame(1, Buffer.from('{"type":"pong"}')));
      else if (stage === 'ack' && payload.indexOf('"connection_ack"') > 0) {
        stage = 'live';
        const payload = { query: subscription };
        socket.write(frame(1, Buffer.from(JSON.stringify({ id: id.toString(), type: 'subscribe', payload }))));
        done();
      } else throw new Error(`Not expected: ${payload.toString()}`);
    }
    return left;
  };
  const key = randomBytes(16).toString('base64');
  await open(
    take,
    `GET /graphql HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
  );
  await subscribed;
}

/** A client's frame, masked with zeros. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...size, 0, 0, 0, 0]), payload]);
}

const endOfEvent = Buffer.from('\n\n');
const endOfLine = Buffer.from('\r\n');
const noId = Buffer.alloc(0);

/** Server-sent events by POST, in an answer of chunks. */
async function readStream(): Promise<void> {
  let inHead = true;
  let event: Buffer = noId;
  let done: () => void = () => undefined;
  const subscribed = new Promise<void>((resolve) => (done = resolve));
  const read = (chunk: Buffer) => {
    event = event.length > 0 ? Buffer.concat([event, chunk]) : chunk;
    for (let end = event.indexOf(endOfEvent); end >= 0; end = event.indexOf(endOfEvent)) {
      const whole = event.subarray(0, end);
      event = event.subarray(end + endOfEvent.length);
      if (whole.indexOf('event: next') >= 0) receive(whole, noId);
    }
    if (event.length > 0) event = Buffer.from(event);
  };
  const take: Take = (bytes) => {
    let left = bytes;
    if (inHead) {
      const end = left.indexOf(endOfHead);
      if (end < 0) return left;
      if (!left.toString('latin1', 0, 12).endsWith('200')) throw new Error(left.toString('latin1', 0, 500));
      inHead = false;
      left = left.subarray(end + endOfHead.length);
      done();
    }
    for (let end = left.indexOf(endOfLine); end >= 0; end = left.indexOf(endOfLine)) {
      const size = parseInt(left.toString('latin1', 0, end), 16);
      const start = end + endOfLine.length;
      if (left.length < start + size + endOfLine.length) return left;
      read(left.subarray(start, start + size));
      left = left.subarray(start + size + endOfLine.length);
    }
    return left;
  };
  const body = JSON.stringify({ query: subscription });
  await open(
    take,
    `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  await subscribed;
}

let begun = 0;
async function connectSome(): Promise<void> {
  while (begun < clients) {
    begun += 1;
    await nextOf();
  }
}
await Promise.all(Array.from({ length: atOnce }, connectSome));
process.on('disconnect', () => process.exit(0));
process.send?.({ connected: clients });
