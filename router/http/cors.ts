import type { IncomingMessage, ServerResponse } from 'node:http';
import { addVary, type RequestHandler } from '../../platform/server/index.ts';

/**
 * Which web pages may talk to the router from a browser. Tokens travel in headers, never in cookies: no credentials.
 */
export interface Cors {
  isAllowed(origin: string): boolean;
  /** Whether a browser page at this origin, or a program (no origin), may open a WebSocket here. */
  mayConnect(request: IncomingMessage): boolean;
  /** The handler with CORS headers on its answers, and preflights answered. */
  wrap(handler: RequestHandler): RequestHandler;
}

/** Headers that the router itself reads. */
const ownHeaders = [
  'authorization',
  'content-type',
  'x-correlation-id',
  'traceparent',
  'last-event-id',
  'apollo-require-preflight',
  'x-apollo-operation-name',
];

interface CorsOptions {
  /** Pages on this machine may too, whatever their port: a developer's. */
  loopback?: boolean;
  /** Headers beside those that the router reads. */
  headers?: readonly string[];
}

export function createCors(allowList: readonly string[], { loopback = false, headers = [] }: CorsOptions = {}): Cors {
  const preflightHeaders = {
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': [...new Set([...ownHeaders, ...headers])].join(', '),
    'access-control-max-age': '600',
  };
  const allowed = new Set(allowList.map(asBrowsersSay));
  const isAllowed = (origin: string) => allowed.has(origin.toLowerCase()) || (loopback && isLoopback(origin));

  function addHeaders(request: IncomingMessage, response: ServerResponse): void {
    addVary(response, 'origin');
    const { origin } = request.headers;
    if (origin === undefined || !isAllowed(origin)) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'x-correlation-id');
  }

  return {
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

/** International names in ASCII, and without a port that is the scheme's own; a page's scheme may be an app's. */
function asBrowsersSay(origin: string): string {
  const url = URL.parse(origin);
  return url && url.origin !== 'null' ? url.origin : origin.replace(/\/$/, '').toLowerCase();
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** Names that always resolve to this machine, whatever the DNS says. */
export function isLoopback(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(origin);
}
