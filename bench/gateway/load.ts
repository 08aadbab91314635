import { Pool, type Dispatcher } from 'undici';

export interface GatewayLoad {
  url: string;
  /** Requests of one connection follow one another. */
  connections: number;
  /** Goes on so long, … */
  seconds?: number;
  /** … or as long as this is so. */
  while?(): boolean;
  /** The body of the nth request. */
  bodyOf(request: number): string;
  headers?: Readonly<Record<string, string>>;
  /** The right answer's text, as this gateway gives it. */
  expected: string;
}

export interface GatewayLoadResult {
  answers: number;
  wrong: number;
  perSecond: number;
  latenciesMs: number[];
}

/** A closed loop: as many requests are under way as there are connections. Every answer is compared. */
export async function runGatewayLoad(load: GatewayLoad): Promise<GatewayLoadResult> {
  const { origin, pathname } = new URL(load.url);
  const pool = new Pool(origin, { connections: load.connections, pipelining: 1 });
  const result: GatewayLoadResult = { answers: 0, wrong: 0, perSecond: 0, latenciesMs: [] };
  const startedAt = performance.now();
  const endAt = startedAt + (load.seconds ?? Infinity) * 1_000;
  let asked = 0;

  async function user(): Promise<void> {
    while (performance.now() < endAt && load.while?.() !== false) {
      const body = load.bodyOf((asked += 1));
      const began = performance.now();
      const answer = await post(pool, pathname, body, load.headers).catch(String);
      result.latenciesMs.push(performance.now() - began);
      result.answers += 1;
      if (answer !== load.expected) result.wrong += 1;
    }
  }

  await Promise.all(Array.from({ length: load.connections }, user));
  result.perSecond = (result.answers / (performance.now() - startedAt)) * 1_000;
  await pool.close();
  return result;
}

const json = { 'content-type': 'application/json', accept: 'application/json' };

export function post(
  dispatcher: Dispatcher,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = json,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    dispatcher.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve(Buffer.concat(chunks).toString('latin1')),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
