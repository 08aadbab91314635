import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  compressOnce,
  encodingFor,
  hasAlready,
  isUnavailable,
  pathOf,
  sendJson,
  sendRefusal,
  worthCompressingBytes,
  type RequestHandler,
} from '../../../platform/index.ts';
import { gbfsPath, gbfsVersions, type GbfsVersion } from '../../../schema/open-data-addresses.ts';
import { bikeList, bikeListOf, bikeListResult, readBikeListPath } from './bike-list.ts';
import {
  discovery,
  envelope,
  fixedFeeds,
  liveFeeds,
  seconds,
  tariffFeeds,
  versionList,
  writeVehicles,
  type Feeds,
  type Installation,
  type Live,
  type Tariff,
} from './gbfs.ts';
import type { Picture } from '../picture.ts';

export interface OpenDataOptions {
  picture(): Promise<Picture>;
  /** The same, with what else the feeds of now are made of. */
  live(): Promise<Live>;
  /** @throws {UnavailableError} while its owners do not answer. */
  tariff(): Promise<Tariff>;
  installation: Installation;
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
  const { clock, installation } = options;
  const startedAt = clock();
  const servers = [
    createServer(liveFeeds, seconds.live, clock, async (name) => {
      const live = await options.live();
      if (name === 'vehicle_status') await writeVehicles(live);
      return { ...sourceOf(live.picture), from: live };
    }),
    createServer(tariffFeeds, seconds.tariff, clock, async () => {
      const tariff = await options.tariff();
      return { from: tariff, version: JSON.stringify(tariff), at: clock() };
    }),
    createServer(fixedFeeds, seconds.fixed, clock, () => ({ from: installation, version: 0, at: startedAt })),
  ];
  const bikes = remembered(seconds.live, clock, async () => sourceOf(await options.picture()), bikeListOf);

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
    const begin = gbfsVersions.map((known) => gbfsPath(known, 'gbfs')).join(' and ');
    sendJson(response, 404, { error: `Nothing here under ${pathOf(request)}. The feeds begin at ${begin}.` });
  }

  async function openApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { type, asks } = readBikeListPath(pathOf(request));
    const isQuestion = typeof asks !== 'string';
    const text = isQuestion ? bikeList(await bikes(), asks, type) : bikeListResult(asks, type);
    await send(request, response, documentOf(text, type, seconds.live));
  }

  return { '/gbfs': read(gbfs), '/gbfs/': read(gbfs), '/openapi/': read(openApi) };
}

interface Source<From> {
  from: From;
  /** What is made of the same version is the same. */
  version: unknown;
  /** When it last changed. */
  at: Date;
}

const sourceOf = (picture: Picture): Source<Picture> => ({ from: picture, version: picture.version, at: picture.at });

/** What is made anew at most every `ttl` seconds, when somebody asks and something is new: once for all who ask meanwhile. */
function remembered<From, Made>(
  ttl: number,
  clock: () => Date,
  source: () => Source<From> | Promise<Source<From>>,
  make: (from: From, at: Date) => Made,
): () => Promise<Made> {
  let last: { made: Made; version: unknown; checkedAt: number } | undefined;
  let checking: Promise<Made> | undefined;

  async function check(checkedAt: number): Promise<Made> {
    try {
      const { from, version, at } = await source();
      const made = last && last.version === version ? last.made : make(from, at);
      last = { made, version, checkedAt };
      return made;
    } catch (error) {
      // What it said last is better than nothing, and its `last_updated` says how old it is.
      if (last && isUnavailable(error)) return last.made;
      throw error;
    }
  }

  return async () => {
    const now = clock().getTime();
    // A clock that was put back must not keep it until it has caught up.
    if (last && Math.abs(now - last.checkedAt) < ttl * 1_000) return last.made;
    checking ??= check(now).finally(() => (checking = undefined));
    return checking;
  };
}

function createServer<From>(
  feeds: Feeds<From>,
  ttl: number,
  clock: () => Date,
  source: (name: string) => Source<From> | Promise<Source<From>>,
) {
  const documents = new Map<string, () => Promise<Document>>();
  const has = (name: string) => Object.hasOwn(feeds, name);

  function get(version: GbfsVersion, name: string): Promise<Document> | undefined {
    const feed = has(name) ? feeds[name] : undefined;
    if (!feed) return undefined;
    const key = `${version}/${name}`;
    const document =
      documents.get(key) ??
      remembered(
        ttl,
        clock,
        () => source(name),
        (from, at) => documentOf(envelope(version, ttl, at, feed(from, version)), 'json', ttl),
      );
    documents.set(key, document);
    return document();
  }

  return { has, get };
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
      if (!isUnavailable(error)) throw error;
      const body = { error: 'A server that is needed does not answer. Try again in a second.' };
      sendRefusal(request, response, { status: 503, body });
    }
  };

/** Of `vehicle_status` most is names, which are random: 4 takes twice the time of 2 and saves nothing, of other feeds neither. */
const brotliQuality = 2;

async function send(request: IncomingMessage, response: ServerResponse, document: Document): Promise<void> {
  const { body, etag, contentType, ttl } = document;
  const headers: Record<string, string | number> = {
    etag,
    'content-type': contentType,
    // What changes every second is asked for again each time, at the price of a 304.
    'cache-control': ttl > 1 ? `public, max-age=${ttl}` : 'no-cache',
    vary: 'accept-encoding',
  };
  if (hasAlready(request, etag.slice('W/'.length))) return void response.writeHead(304, headers).end();
  const encoding = body.length >= worthCompressingBytes ? encodingFor(request.headers['accept-encoding']) : undefined;
  const sent = encoding ? await compressOnce(body, encoding, brotliQuality) : body;
  if (encoding) headers['content-encoding'] = encoding;
  response.writeHead(200, { ...headers, 'content-length': sent.length });
  response.end(request.method === 'HEAD' ? undefined : sent);
}
