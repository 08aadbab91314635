import { createECDH, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import ece from 'http_ece';
import { importJWK, jwtVerify } from 'jose';

/** What it does with a push, once it has read it. */
export type PushManner =
  | 'takes it'
  | 'has no such browser'
  | 'fails'
  | 'wants a pause'
  | 'is silent'
  | 'leads elsewhere'
  | 'never ends its answer'
  | 'refuses it'
  | 'cuts';

/** Or it answers so. */
export interface PushAnswer {
  status: number;
  retryAfter?: string;
}

/** Bytes that a push service takes at least (RFC 8030, 7.2), and real ones at most. */
const mostBytes = 4_096;
/** A signature may be good for so long (RFC 8292, 2). */
const signedForAtMostMs = 24 * 3_600_000;

export interface Pushed {
  path: string;
  text: { title: string; body: string; tag: string; url: string };
  ttl: number;
  urgency: string | undefined;
  /** Of the signature: for whom, and by whom. */
  signed: { aud?: unknown; sub?: string };
}

/** A browser's push service, and the browsers: it decrypts what it is sent, as they would. */
export async function startPushService() {
  const pushed: Pushed[] = [];
  const asked: string[] = [];
  const browsers = new Map<string, { ecdh: ReturnType<typeof createECDH>; auth: Buffer }>();
  const state = { manner: 'takes it' as PushManner | PushAnswer };

  async function read(request: IncomingMessage): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { ecdh, auth } = browsers.get(request.url ?? '') ?? {};
    if (!ecdh || !auth) throw new Error('Nobody has this address.');
    const body = Buffer.concat(pieces);
    if (body.length > mostBytes) throw new Error('That is too long.');
    if (request.headers['content-encoding'] !== 'aes128gcm') throw new Error('That is encrypted in another way.');
    const text = ece.decrypt(body, {
      version: 'aes128gcm',
      privateKey: ecdh,
      authSecret: auth.toString('base64url'),
    });
    const [, jwt = '', key = ''] = /^vapid t=([^,]+), ?k=(.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const point = Buffer.from(key, 'base64url');
    const jwk = {
      ...{ kty: 'EC', crv: 'P-256' },
      ...{ x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') },
    };
    const { payload } = await jwtVerify(jwt, await importJWK(jwk, 'ES256'));
    const lasts = (payload.exp ?? Infinity) * 1_000 - Date.now();
    if (lasts > signedForAtMostMs) throw new Error('That is signed for too long.');
    pushed.push({
      path: request.url ?? '',
      text: JSON.parse(text.toString()) as Pushed['text'],
      ttl: Number(request.headers['ttl']),
      urgency: request.headers['urgency'] as string | undefined,
      signed: { aud: payload.aud, ...(payload.sub === undefined ? {} : { sub: payload.sub }) },
    });
  }

  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    void read(request).then(
      () => {
        const { manner } = state;
        if (typeof manner === 'object') {
          const { status, retryAfter } = manner;
          return void response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
        }
        if (manner === 'cuts') return void request.socket.destroy();
        if (manner === 'is silent') return;
        if (manner === 'never ends its answer') return void response.writeHead(201).write('x');
        if (manner === 'leads elsewhere') return void response.writeHead(307, { location: '/elsewhere' }).end();
        if (manner === 'wants a pause') return void response.writeHead(429, { 'retry-after': '60' }).end();
        const status = { 'takes it': 201, 'has no such browser': 410, fails: 500, 'refuses it': 403 }[manner];
        response.writeHead(status).end();
      },
      () => void response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    pushed,
    /** All that was asked of it, elsewhere too. */
    asked,
    behave: (manner: PushManner | PushAnswer) => void (state.manner = manner),
    /** What a browser there tells of itself. */
    browser() {
      const ecdh = createECDH('prime256v1');
      const auth = randomBytes(16);
      const path = `/push/${randomBytes(8).toString('hex')}`;
      browsers.set(path, { ecdh, auth });
      const p256dh = ecdh.generateKeys('base64url');
      return { endpoint: `${origin}${path}`, p256dh, auth: auth.toString('base64url') };
    },
    close: () => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
}
