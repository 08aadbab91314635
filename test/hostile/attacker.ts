import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Dice } from '../../cli/demo/dice.ts';

export interface Answer {
  /** 0 when the connection was cut instead. */
  status: number;
  text: string;
}

/** The tools of an attack. `leave` closes whatever it opens. */
export interface Attacker {
  url: string;
  subgraphPorts: readonly number[];
  dice: Dice;
  /** A rider's token; each name is another rider. */
  token(userId: string): Promise<string>;
  /** An operation over HTTP; strings are sent as they are. */
  post(body: unknown, options?: PostOptions): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** A started POST whose answer is not read yet: for streams, and for clients that never read. */
  begin(body: unknown, options?: PostOptions): Promise<IncomingMessage | undefined>;
  /** A bare TCP connection. */
  tcp(port?: number): Promise<Socket>;
  /** A WebSocket; acknowledged unless `init` is false. `heard` receives its answers. */
  socket(options?: SocketOptions): Promise<Line>;
  leave(): Promise<void>;
}

export interface PostOptions {
  token?: string;
  accept?: string;
  headers?: Record<string, string>;
  port?: number;
  path?: string;
  /** Time-out in ms. */
  leaveAfterMs?: number;
}

export interface SocketOptions {
  init?: boolean;
  token?: string;
  port?: number;
  /** Never reads from the network. */
  deaf?: boolean;
}

export interface Line {
  socket: WebSocket;
  send(message: unknown): void;
  /** Messages so far. */
  heard: { type: string; id?: string; payload?: unknown }[];
  isOpen(): boolean;
}

/** No answer should take longer. */
const patienceMs = 15_000;

export function createAttacker(
  target: { url: string; subgraphPorts: readonly number[]; token(userId: string): Promise<string> },
  dice: Dice,
): Attacker {
  const { url } = target;
  const routerPort = Number(new URL(url).port);
  const open = new Set<{ destroy(): unknown }>();
  const tokens = new Map<string, Promise<string>>();
  const keep = <Thing extends { destroy(): unknown }>(thing: Thing): Thing => {
    open.add(thing);
    return thing;
  };

  function begin(body: unknown, options: PostOptions = {}): Promise<IncomingMessage | undefined> {
    const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return new Promise((resolve) => {
      const sent = keep(
        request({
          host: '127.0.0.1',
          port: options.port ?? routerPort,
          path: options.path ?? '/graphql',
          method: 'POST',
          agent: false,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
            accept: options.accept ?? 'application/json',
            ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
            ...options.headers,
          },
        }),
      );
      const late = setTimeout(() => sent.destroy(), options.leaveAfterMs ?? patienceMs);
      sent.once('close', () => {
        clearTimeout(late);
        open.delete(sent);
        resolve(undefined);
      });
      sent.once('response', (answer: IncomingMessage) => {
        answer.on('error', () => undefined);
        resolve(answer);
      });
      // An answer before the request is complete ends the connection: it counts.
      sent.on('error', () => undefined);
      sent.end(text);
    });
  }

  async function read(answer: IncomingMessage | undefined): Promise<Answer> {
    if (!answer) return { status: 0, text: '' };
    let text = '';
    try {
      for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
    } catch {
      // Cut off: what arrived is the answer.
    }
    return { status: answer.statusCode ?? 0, text };
  }

  async function tcp(port = routerPort): Promise<Socket> {
    const socket = keep(connect(port, '127.0.0.1'));
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    const given = new AbortController();
    const { signal } = given;
    await Promise.race([once(socket, 'connect', { signal }), delay(patienceMs, undefined, { signal })]).catch(
      () => undefined,
    );
    given.abort();
    return socket;
  }

  async function socket(options: SocketOptions = {}): Promise<Line> {
    const socket = new WebSocket(`ws://127.0.0.1:${options.port ?? routerPort}/graphql`, 'graphql-transport-ws');
    const place = keep({ destroy: () => socket.terminate() });
    const heard: Line['heard'] = [];
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(place));
    const line: Line = {
      socket,
      heard,
      isOpen: () => socket.readyState === WebSocket.OPEN,
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) {
          socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
        }
      },
    };
    const opened = await Promise.race([
      once(socket, 'open').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    if (!opened) return line;
    if (options.deaf) socket.pause();
    else {
      socket.on('message', (data: Buffer) => {
        // The first messages are enough: no one reads a million answers.
        if (heard.length < 10_000) heard.push(JSON.parse(data.toString('utf8')) as (typeof heard)[number]);
      });
    }
    if (options.init === false) return line;
    line.send({
      type: 'connection_init',
      ...(options.token ? { payload: { authorization: `Bearer ${options.token}` } } : {}),
    });
    const deadline = Date.now() + 2_000;
    while (!options.deaf && line.isOpen() && heard.length === 0 && Date.now() < deadline) await delay(5);
    return line;
  }

  return {
    url,
    subgraphPorts: target.subgraphPorts,
    dice,
    token: (userId) => {
      const known = tokens.get(userId) ?? target.token(userId);
      tokens.set(userId, known);
      return known;
    },
    begin,
    post: async (body, options) => read(await begin(body, options)),
    async get(path) {
      const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined);
      return { status: response?.status ?? 0, text: (await response?.text().catch(() => '')) ?? '' };
    },
    tcp,
    socket,
    async leave() {
      for (const thing of open) thing.destroy();
      open.clear();
    },
  };
}

/** Does it `count` times, `atOnce` of them at a time. */
export async function times(count: number, atOnce: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await act(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
