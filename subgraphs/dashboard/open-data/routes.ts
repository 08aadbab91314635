import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  compressOnce,
  encodingFor,
  pathOf,
  sendJson,
  sendRefusal,
  UnavailableError,
  worthCompressingBytes,
  type RequestHandler,
} from '../../../platform/index.ts';
import { bikeList, bikeListResult, readBikeListPath } from './bike-list.ts';
import {
  discovery,
  envelope,
  fixedFeeds,
  gbfsVersions,
  liveFeeds,
  seconds,
  tariffFeeds,
  versionList,
  type Feeds,
  type GbfsVersion,
  type Live,
  type Tariff,
} from './gbfs.ts';
import type { Picture } from './picture.ts';

export interface OpenDataOptions {
  picture(): Promise<Picture>;
  vehicleId(): Promise<Live['vehicleId']>;
  /** @throws {UnavailableError} while its owners do not answer. */
  tariff(): Promise<Tariff>;
  contact: string;
  clock(): Date;
}

/** Says at which address the client reached the router: what `gbfs.json` lists are addresses. */
export const baseHeader = 'x-open-data-base';

/** What is sent, as often as it is asked for. */
interface Document {
  body: Buffer;
  etag: string;
  contentType: string;
  /** For how long it is good. */
  ttl: number;
}

/** The open data of this installation, by path: what the router shows to everybody. */
export function createOpenData(options: OpenDataOptions): Record<string, RequestHandler> {
  const { clock, contact } = options;
  const startedAt = clock();
  const servers = [
    createServer(liveFeeds, seconds.live, clock, async () => {
      const [picture, vehicleId] = await Promise.all([options.picture(), options.vehicleId()]);
      return { from: { picture, vehicleId }, version: picture.version, at: picture.at };
    }),
    createServer(tariffFeeds, seconds.tariff, clock, async () => {
      const tariff = await options.tariff();
      return { from: tariff, version: JSON.stringify(tariff), at: clock() };
    }),
    createServer(fixedFeeds, seconds.fixed, clock, () => ({ from: { contact }, version: 0, at: startedAt })),
  ];

  /** Names addresses, which depend on how the client came here. */
  const signpost = (request: IncomingMessage, version: GbfsVersion, data: (base: string) => string): Document =>
    documentOf(envelope(version, seconds.fixed, startedAt, data(baseOf(request))), 'json', seconds.fixed);

  function feed(request: IncomingMessage, version: GbfsVersion, name: string) {
    if (name === 'gbfs') return signpost(request, version, (base) => discovery(base, version));
    if (name === 'gbfs_versions') return signpost(request, version, (base) => versionList(base, version));
    return servers.find(({ has }) => has(name))?.get(version, name);
  }

  async function gbfs(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, version = '', name = ''] = /^\/gbfs\/([^/]+)\/(\w+)\.json$/.exec(pathOf(request)) ?? [];
    const document = isVersion(version) ? await feed(request, version, name) : undefined;
    if (document) return send(request, response, document);
    const begin = gbfsVersions.map((known) => `/gbfs/${known}/gbfs.json`).join(' and ');
    sendJson(response, 404, { error: `Nothing here under ${pathOf(request)}. The feeds begin at ${begin}.` });
  }

  async function openApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { type, asks } = readBikeListPath(pathOf(request));
    const isQuestion = typeof asks !== 'string';
    const text = isQuestion ? bikeList(await options.picture(), asks, type) : bikeListResult(asks, type);
    await send(request, response, documentOf(text, type, seconds.live));
  }

  return { '/gbfs/': read(gbfs), '/openapi/': read(openApi) };
}

interface Source<From> {
  from: From;
  /** What is made of the same version is the same. */
  version: unknown;
  /** When it last changed. */
  at: Date;
}

/** Feeds that are made anew at most every `ttl` seconds, and only when there is something new. */
function createServer<From>(
  feeds: Feeds<From>,
  ttl: number,
  clock: () => Date,
  source: () => Source<From> | Promise<Source<From>>,
) {
  const made = new Map<string, { document: Document; version: unknown; checkedAt: number }>();

  async function get(gbfs: GbfsVersion, name: string): Promise<Document | undefined> {
    const key = `${gbfs}/${name}`;
    const before = made.get(key);
    const checkedAt = clock().getTime();
    if (before && checkedAt - before.checkedAt < ttl * 1_000) return before.document;
    try {
      const { from, version, at } = await source();
      const known = made.get(key);
      const data = known?.version === version ? undefined : feeds[name]?.(from, gbfs);
      const document = data === undefined ? known?.document : documentOf(envelope(gbfs, ttl, at, data), 'json', ttl);
      if (document) made.set(key, { document, version, checkedAt });
      return document;
    } catch (error) {
      // What it said last is better than nothing, and its `last_updated` says how old it is.
      if (before && error instanceof UnavailableError) return before.document;
      throw error;
    }
  }

  return { has: (name: string) => Object.hasOwn(feeds, name), get };
}

const isVersion = (text: string): text is GbfsVersion => (gbfsVersions as readonly string[]).includes(text);

function baseOf({ headers }: IncomingMessage): string {
  const said = headers[baseHeader];
  return typeof said === 'string' ? said : `http://${headers.host ?? 'localhost'}`;
}

function documentOf(text: string, type: 'json' | 'xml', ttl: number): Document {
  const body = Buffer.from(text);
  const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { body, etag, contentType: `application/${type}; charset=utf-8`, ttl };
}

/** A route that is read, and not there while what it needs is away. */
const read =
  (handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>): RequestHandler =>
  async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return sendJson(response, 405, { error: 'Open data is read with GET.' });
    }
    try {
      await handler(request, response);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      sendRefusal(request, response, { status: 503, body: { error: `${error.message}. Try again in a second.` } });
    }
  };

async function send(request: IncomingMessage, response: ServerResponse, document: Document): Promise<void> {
  const { body, etag, contentType, ttl } = document;
  const headers: Record<string, string | number> = {
    etag,
    'content-type': contentType,
    // What changes every second is asked for again each time, at the price of a 304.
    'cache-control': ttl > 1 ? `public, max-age=${ttl}` : 'no-cache',
    vary: 'accept-encoding',
  };
  if (request.headers['if-none-match']?.includes(etag.slice(2))) return void response.writeHead(304, headers).end();
  const encoding = body.length >= worthCompressingBytes ? encodingFor(request.headers['accept-encoding']) : undefined;
  const sent = encoding ? await compressOnce(body, encoding) : body;
  if (encoding) headers['content-encoding'] = encoding;
  response.writeHead(200, { ...headers, 'content-length': sent.length });
  response.end(request.method === 'HEAD' ? undefined : sent);
}
