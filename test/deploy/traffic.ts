import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { createCounter } from '../../bench/statistics.ts';

export interface TrafficResult {
  requests: number;
  failed: number;
  /** Why they failed. */
  errors: Record<string, number>;
  /** When they failed, in seconds since the start. */
  failedAt: number[];
}

export interface Traffic {
  stop(): Promise<TrafficResult>;
}

interface TrafficOptions {
  url: string;
  /** By the number of the request, where they differ. */
  query: string | ((request: number) => string);
  token?: string;
  /** To ask a subgraph as the router does. */
  routerSecret?: string;
  /** Requests per second, at even intervals regardless of answers. Every other one uses a new connection. */
  rate: number;
}

const timeoutMs = 10_000;

/** Sends one query repeatedly until stopped. A failure is no answer, a status from 400 on, or errors in the answer. */
export function startTraffic({ url, query, token, routerSecret, rate }: TrafficOptions): Traffic {
  const kept = new Agent({ connections: 16 });
  const fresh = new Agent({ connections: 64, pipelining: 0 });
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(routerSecret ? { 'x-router-secret': routerSecret } : {}),
  };
  const bodyOf = (number: number) => JSON.stringify({ query: typeof query === 'string' ? query : query(number) });
  const { counts: errors, count } = createCounter();
  const startedAt = performance.now();
  const failedAt: number[] = [];
  const open = new Set<Promise<void>>();
  let requests = 0;
  const stop = new AbortController();

  async function ask(): Promise<void> {
    const dispatcher = requests % 2 === 0 ? kept : fresh;
    const body = bodyOf(requests);
    const at = performance.now();
    try {
      const response = await request(url, { method: 'POST', headers, body, dispatcher, headersTimeout: timeoutMs });
      const text = await response.body.text();
      if (response.statusCode >= 400 || text.includes('"errors"')) throw new Error(`${response.statusCode} ${text}`);
    } catch (error) {
      failedAt.push(Math.round((at - startedAt) / 100) / 10);
      count(
        error instanceof Error
          ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`.slice(0, 200)
          : String(error),
      );
    }
  }

  const running = (async () => {
    while (!stop.signal.aborted) {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
      for (; requests < due; requests += 1) {
        const asked = ask();
        open.add(asked);
        void asked.finally(() => open.delete(asked));
      }
      await delay(2);
    }
    await Promise.all(open);
  })();

  return {
    async stop() {
      stop.abort();
      await running;
      await Promise.all([kept.close(), fresh.close()]);
      return { requests, failed: failedAt.length, errors: { ...errors }, failedAt };
    },
  };
}
