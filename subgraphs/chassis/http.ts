import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HeaderMap, type ApolloServer, type BaseContext } from '@apollo/server';
import type { Logger } from './logger.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Whether work can be taken, and what that depends on, each with its state: `ok`, or what is wrong with it. */
export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

export interface HttpServerOptions {
  port: number;
  host: string;
  logger: Logger;
  /** Paths and who answers them; a path that ends with `/` answers everything below it. */
  routes: Record<string, RequestHandler>;
  readiness(): Promise<Readiness> | Readiness;
  /** How long a connection may idle before it is closed; clients are told, and close a little earlier. */
  keepAliveMs: number;
  /**
   * Go on answering for so long when closing, with `connection: close`: load balancers learn late that this process leaves,
   * and a connection that idles is only safe to close when its client no longer uses it. At least `keepAliveMs` behind one.
   */
  lingerMs: number;
  /** After that, finish what runs for at most this long. */
  drainMs: number;
}

export interface HttpServer {
  server: Server;
  /** The port it listens on, chosen by the system when 0 was asked for. */
  port: number;
  /** Is not ready any more, lingers, takes no new connections, lets requests finish, then cuts what is left. */
  close(): Promise<void>;
}

/**
 * A plain HTTP server with `/healthz` (the event loop turns) and `/readyz` (what is needed answers).
 * @throws {Error} EADDRINUSE when the port is taken.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { logger } = options;
  let closing = false;
  const routes: Record<string, RequestHandler> = {
    '/healthz': (_request, response) => sendJson(response, 200, { status: 'ok' }),
    '/readyz': async (_request, response) => {
      if (closing) return sendJson(response, 503, { status: 'stopping', checks: {} });
      const { ready, checks } = await options.readiness();
      sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
    },
    ...options.routes,
  };
  const server = createServer((request, response) => {
    if (closing) response.shouldKeepAlive = false;
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const handler = routes[path] ?? subtree(routes, path);
    if (!handler) return sendJson(response, 404, { error: `Nothing here under ${path}.` });
    Promise.resolve()
      .then(() => handler(request, response))
      .catch((error: unknown) => {
        logger.error({ err: error, path }, 'request failed');
        if (!response.headersSent) sendJson(response, 500, { error: 'Something went wrong here.' });
        else response.destroy();
      });
  });
  server.keepAliveTimeout = options.keepAliveMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve());
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      closing = true;
      await delay(options.lingerMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), options.drainMs);
      await closed;
      clearTimeout(late);
    },
  };
}

function subtree(routes: Record<string, RequestHandler>, path: string): RequestHandler | undefined {
  for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
    const handler = routes[path.slice(0, end + 1)];
    if (handler) return handler;
    if (end === 0) return undefined;
  }
  return undefined;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** The body as text; undefined when it is longer than `maxBytes`, and the rest unread: answer with `connection: close`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Destroying the request would destroy the socket, and with it the answer that says why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Carries GraphQL requests between Node's HTTP and an Apollo Server.
 * `contextOf` may throw a client error; it is answered as GraphQL with its code.
 */
export function graphqlRoute<Context extends BaseContext>(
  apollo: Pick<ApolloServer<Context>, 'executeHTTPGraphQLRequest'>,
  contextOf: (request: IncomingMessage) => Promise<Context>,
  maxBodyBytes: number,
): RequestHandler {
  return async (request, response) => {
    const text = request.method === 'POST' ? await readBody(request, maxBodyBytes) : '';
    if (text === undefined) {
      response.setHeader('connection', 'close');
      return refuse(response, 413, `The body is longer than ${maxBodyBytes} bytes.`);
    }
    let body: unknown;
    try {
      body = text === '' ? undefined : JSON.parse(text);
    } catch {
      return refuse(response, 400, 'The body is not JSON.');
    }
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    const url = request.url ?? '/';
    const answer = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method ?? 'GET',
        headers,
        search: url.includes('?') ? url.slice(url.indexOf('?')) : '',
        body,
      },
      context: () => contextOf(request),
    });
    for (const [name, value] of answer.headers) response.setHeader(name, value);
    response.statusCode = answer.status ?? 200;
    if (answer.body.kind === 'complete') return void response.end(answer.body.string);
    for await (const chunk of answer.body.asyncIterator) response.write(chunk);
    response.end();
  };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
}
