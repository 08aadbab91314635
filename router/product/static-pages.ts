import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import {
  compress,
  encodingFor,
  hasAlready,
  pathOf,
  sendJson,
  weightsIn,
  worthCompressingBytes,
  type Encoding,
  type RequestHandler,
} from '../../platform/server/index.ts';
import { documentOf, placeAt } from '../../schema/page-addresses.ts';
import { nothingHere } from './nothing-here.ts';
import { pageHeaders } from './page-headers.ts';

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
};

const compressible = /^(text|application)\/|svg/;
/** Brotli's 11 takes 20 s for the playground; 6 takes under one and loses few percent. Each file is compressed once. */
const brotliQuality = 6;

interface StaticFile {
  version: string;
  /** The opaque tag. It is sent as a weak one, because every encoding of the file has the same. */
  tag: string;
  contentType: string;
  body: Buffer;
  encoded: Map<Encoding, Promise<Buffer>>;
}

/** The file below the web root that answers a path; undefined for what can never be one. */
export function resolvePage(pathname: string): string | undefined {
  const place = placeAt(pathname);
  if (place) return documentOf(place);
  let path: string;
  try {
    path = decodeURIComponent(pathname).slice(1);
  } catch {
    return undefined;
  }
  const segments = path.split('/');
  const isPlain = segments.every((segment) => segment !== '' && !segment.startsWith('.'));
  return isPlain && !/[\\\0:]/.test(path) ? path : undefined;
}

/** Vite puts the hash of the content into names below assets/: such a file never changes. */
const isHashed = (file: string) => file.startsWith('assets/');

/** Serves what Vite built. Files are read once per change and compressed once per encoding that a browser asks for. */
export function createStaticRoute(webRoot: string): RequestHandler {
  const files = new Map<string, StaticFile>();

  async function load(file: string): Promise<StaticFile | undefined> {
    const path = join(webRoot, file);
    if (!path.startsWith(webRoot.endsWith(sep) ? webRoot : webRoot + sep)) return undefined;
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) return undefined;
    const version = `${found.mtimeMs}-${found.size}`;
    const known = files.get(file);
    if (known?.version === version) return known;
    const body = await readFile(path);
    const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const contentType = contentTypes[extname(file)] ?? 'application/octet-stream';
    const loaded = { version, tag, contentType, body, encoded: new Map<Encoding, Promise<Buffer>>() };
    files.set(file, loaded);
    return loaded;
  }

  return async (request, response) => {
    const pathname = pathOf(request);
    const file = resolvePage(pathname);
    const found = file === undefined ? undefined : await load(file);
    if (file !== undefined && found) {
      if (request.method === 'GET' || request.method === 'HEAD') return send(request, response, file, found);
      response.setHeader('allow', 'GET, HEAD');
      return sendJson(response, 405, { error: 'Pages are read with GET.' });
    }
    const isPage = placeAt(pathname) !== undefined;
    if (!isPage && isByPerson(request)) return sendNothingHere(request, response);
    sendJson(response, isPage ? 503 : 404, {
      error: isPage
        ? 'The web pages are not built. Build them with `npm run build:web`.'
        : `Nothing here under ${pathname}.`,
    });
  };
}

/** A browser names HTML where it shows an answer; programs, and what pages ask for, do not. */
const isByPerson = ({ method, headers }: IncomingMessage) =>
  (method === 'GET' || method === 'HEAD') && (weightsIn(headers.accept).get('text/html') ?? 0) > 0;

function sendNothingHere(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404, {
    ...pageHeaders(request.headers.host),
    'cache-control': 'no-cache',
    'content-type': contentTypes['.html'],
    'content-length': Buffer.byteLength(nothingHere),
    vary: 'accept, origin',
  });
  response.end(request.method === 'HEAD' ? undefined : nothingHere);
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
  found: StaticFile,
): Promise<void> {
  const headers: Record<string, string | number> = {
    ...pageHeaders(request.headers.host),
    etag: `W/${found.tag}`,
    'cache-control': isHashed(file) ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-type': found.contentType,
    vary: 'accept-encoding, origin',
  };
  if (hasAlready(request, found.tag)) return void response.writeHead(304, headers).end();
  const encoding = worthwhile(request.headers['accept-encoding'], found);
  const body = encoding ? await encoded(found, encoding) : found.body;
  if (encoding) headers['content-encoding'] = encoding;
  headers['content-length'] = body.length;
  response.writeHead(200, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

function worthwhile(accepted: string | undefined, found: StaticFile): Encoding | undefined {
  const isWorthIt = found.body.length >= worthCompressingBytes && compressible.test(found.contentType);
  return isWorthIt ? encodingFor(accepted) : undefined;
}

function encoded(found: StaticFile, encoding: Encoding): Promise<Buffer> {
  let body = found.encoded.get(encoding);
  if (!body) found.encoded.set(encoding, (body = compress(found.body, encoding, brotliQuality)));
  return body;
}
