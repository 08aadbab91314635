import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from '../subgraphs/chassis/process.ts';

/** Which web pages may talk to the router from a browser. Tokens travel in headers, never in cookies: no credentials. */
export interface Cors {
  /** Adds origins to the allow-list. */
  allow(...origins: string[]): void;
  isAllowed(origin: string): boolean;
  /** Whether a browser page at this origin, or a program (no origin), may open a WebSocket here. */
  mayConnect(request: IncomingMessage): boolean;
  /** The handler with CORS headers on its answers, and preflights answered. */
  wrap(handler: RequestHandler): RequestHandler;
}

const preflightHeaders = {
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers':
    'authorization, content-type, x-correlation-id, traceparent, apollo-require-preflight, x-apollo-operation-name',
  'access-control-max-age': '600',
};

export function createCors(allowList: readonly string[]): Cors {
  const allowed = new Set(allowList.map((origin) => origin.replace(/\/$/, '').toLowerCase()));
  const isAllowed = (origin: string) => allowed.has(origin.toLowerCase());

  function addHeaders(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('vary', 'origin');
    const { origin } = request.headers;
    if (origin === undefined || !isAllowed(origin)) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'x-correlation-id');
  }

  return {
    allow: (...origins) => origins.forEach((origin) => allowed.add(origin.toLowerCase())),
    isAllowed,
    mayConnect: (request) => {
      const { origin, host } = request.headers;
      return origin === undefined || isAllowed(origin) || isSameHost(origin, host);
    },
    wrap: (handler) => (request, response) => {
      addHeaders(request, response);
      if (request.method !== 'OPTIONS') return handler(request, response);
      const preflight = response.hasHeader('access-control-allow-origin') ? preflightHeaders : {};
      response.writeHead(204, preflight).end();
    },
  };
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** The addresses under which a browser on this machine reaches the port. */
export function loopbackOrigins(port: number): string[] {
  return [`http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://[::1]:${port}`];
}
