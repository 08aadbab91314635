import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** What the provider does with one request, after charging or instead. */
export type Manner =
  | 'approves'
  | 'declines'
  | 'approves without an echo'
  | 'is slow'
  | 'loses the answer'
  | 'never ends the answer'
  | 'answers twice'
  | 'charges another amount'
  | 'names another currency'
  | 'charges and answers 500'
  | 'charges and answers rubbish'
  | 'charges and answers a page'
  | 'charges and answers for ever'
  | 'charges and redirects'
  | 'contradicts itself'
  | 'is away'
  | 'answers 500'
  | 'answers 429';

/** Those that leave open whether they charged. */
export const unclear: Manner[] = [
  'loses the answer',
  'never ends the answer',
  'charges and answers 500',
  'charges and answers rubbish',
  'charges and answers a page',
  'charges and answers for ever',
  'charges and redirects',
  'is away',
  'answers 500',
  'answers 429',
];

export interface TakenCharge {
  idempotencyKey: string;
  userId: string;
  /** The sum that was taken. */
  amount: number;
  asked: number;
}

/** A payment provider over HTTP that really charges, and misbehaves on demand. */
export interface PaymentProvider {
  url: string;
  /** The behaviour for the next requests, in this order; later ones are approved. Replaces earlier behaviour. */
  next(...manners: Manner[]): void;
  /** Its behaviour for all others from now on; without one, it is honest again. */
  behave(draw?: () => Manner): void;
  /** What was taken, once per key. */
  taken(): TakenCharge[];
  /** Keys that it both approved and declined. */
  contradicted(): ReadonlySet<string>;
  /** Keys that came with more than one body. */
  torn(): string[];
  requests(): number;
  close(): Promise<void>;
}

interface Body {
  userId: string;
  amount: number;
  paymentToken: string | null;
}

/** @param dedupesBy how it recognises a repetition: by the key alone, or by key and body (another body is a 409). */
export async function startPaymentProvider(
  dedupesBy: 'key' | 'key and body' = 'key and body',
): Promise<PaymentProvider> {
  const manners: Manner[] = [];
  const taken = new Map<string, TakenCharge>();
  const declined = new Set<string>();
  const contradicted = new Set<string>();
  const bodies = new Map<string, Set<string>>();
  let requests = 0;
  let usual: () => Manner = () => 'approves';

  function charge(idempotencyKey: string, { userId, amount: asked }: Body, amount = asked): TakenCharge {
    const known = taken.get(idempotencyKey);
    if (known) return known;
    const made = { idempotencyKey, userId, amount, asked };
    taken.set(idempotencyKey, made);
    return made;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    const manner = manners.shift() ?? usual();
    const text = await textOf(request);
    const key = String(request.headers['idempotency-key']);
    const body = JSON.parse(text) as Body;
    const known = bodies.get(key) ?? new Set();
    bodies.set(key, known.add(text));
    if (known.size > 1 && dedupesBy === 'key and body') return answer(response, 409, { error: 'Another body.' });

    if (manner === 'is away') return void request.socket.destroy();
    if (manner === 'answers 500') return answer(response, 500, 'down');
    if (manner === 'answers 429') return answer(response, 429, { error: 'Slow down.' });
    if (manner === 'contradicts itself' && (taken.has(key) || declined.has(key))) {
      contradicted.add(key);
      if (!declined.delete(key)) return answer(response, 200, { approved: false, because: 'Never heard of it.' });
    }
    if (declined.has(key) || (manner === 'declines' && !taken.has(key))) {
      declined.add(key);
      return answer(response, 200, { approved: false, because: 'The card was declined.\ud83d\u0000' });
    }
    const { amount } = charge(key, body, manner === 'charges another amount' ? body.amount + 1 : body.amount);
    const yes = { approved: true, amount, currency: 'KRW', idempotencyKey: key };
    switch (manner) {
      case 'approves without an echo':
        return answer(response, 200, { approved: true });
      case 'is slow':
        await setTimeout(100);
        return answer(response, 200, yes);
      case 'loses the answer':
        return void request.socket.destroy();
      case 'never ends the answer':
        response.writeHead(200, { 'content-type': 'application/json' }).write('{"approved":');
        return;
      case 'answers twice':
        response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
        response.end(JSON.stringify(yes));
        return void request.socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{"approved":false}`);
      case 'names another currency':
        return answer(response, 200, { ...yes, currency: 'USD' });
      case 'charges and answers 500':
        return answer(response, 500, yes);
      case 'charges and answers rubbish':
        return answer(response, 200, { approved: 'perhaps' });
      case 'charges and answers a page':
        return answer(response, 200, '<!doctype html><title>Maintenance</title>');
      case 'charges and answers for ever':
        response.writeHead(200);
        return pour(response);
      case 'charges and redirects':
        response.writeHead(307, { location: '/elsewhere' }).end();
        return;
      case 'approves':
      case 'declines':
      case 'contradicts itself':
      case 'charges another amount':
        return answer(response, 200, yes);
    }
  }

  const server = createServer((request, response) => {
    // The client may die during the request.
    handle(request, response).catch(() => request.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/charges`,
    next: (...following) => void manners.splice(0, Infinity, ...following),
    behave(draw = () => 'approves') {
      usual = draw;
    },
    taken: () => [...taken.values()],
    contradicted: () => contradicted,
    torn: () => [...bodies].filter(([, texts]) => texts.size > 1).map(([key]) => key),
    requests: () => requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function pour(response: ServerResponse): void {
  const write = () => {
    if (!response.destroyed) response.write('{"approved":true,'.repeat(1_000), () => setImmediate(write));
  };
  write();
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
