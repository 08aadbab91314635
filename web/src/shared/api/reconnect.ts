/** The one place where pages connect again: what a subscription is for, its page says. */
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { backoffMs } from '../../../../schema/client/backoff.ts';

export interface Connection {
  client: Client;
  /** Aborted when the connection is over, whoever ended it. */
  signal: AbortSignal;
  /** To be called when something came: the server means it. */
  alive(): void;
}

export interface Staying {
  /** Makes the client of one connection; `onConnected` is to be called when its socket is ready. */
  connect(onConnected: () => void): Client;
  /** What the connection is for; ends or fails when it is over. */
  run(connection: Connection): Promise<void>;
  /** The subscription runs. */
  onLive(): void;
  /** The connection is over, for this reason; says what to do. */
  onEnd(code: string): 'wait' | 'at once' | 'stop';
  /** Aborted when the page is left. */
  signal: AbortSignal;
  /** Tells what the browser knows of the network, before any time-out; in a test anything that does so. */
  network?: EventTarget;
  /** Milliseconds before the given retry (1, 2, 3 …). */
  retryDelayMs?: (retry: number) => number;
}

/** A server may still refuse the subscription on an accepted socket: only after this time it counts as live. */
const refusalTimeMs = 300;
/** A connection that lasted so long, or delivered something, resets the back-off. */
const steadyMs = 10_000;

/** Connects, and connects again after each loss, ever more rarely, until it is aborted or told to stop. */
export async function stayConnected(staying: Staying): Promise<void> {
  const { signal, onEnd, network = window, retryDelayMs = backoffMs } = staying;
  const count = { failures: 0 };
  while (!signal.aborted) {
    const code = await connectOnce(staying, network, () => (count.failures = 0));
    if (isAborted(signal)) return;
    const next = onEnd(code);
    if (next === 'stop') return;
    count.failures += 1;
    // A server that fails at once each time would be asked without a rest.
    if (next === 'at once' && count.failures === 1) continue;
    await pause(retryDelayMs(count.failures), signal, network);
  }
}

/** @returns the code of the error that ended it */
async function connectOnce(
  { connect, run, onLive, signal }: Staying,
  network: EventTarget,
  onSteady: () => void,
): Promise<string> {
  const ended = new AbortController();
  let isLive = false;
  let believe: ReturnType<typeof setTimeout> | undefined;
  let trust: ReturnType<typeof setTimeout> | undefined;
  const live = () => {
    clearTimeout(believe);
    if (!isLive) onLive();
    isLive = true;
  };
  const client = connect(() => {
    believe = setTimeout(live, refusalTimeMs);
    trust = setTimeout(onSteady, steadyMs);
  });
  const end = () => {
    ended.abort();
    client.close();
  };
  const alive = () => {
    onSteady();
    live();
  };
  signal.addEventListener('abort', end);
  network.addEventListener('offline', end);
  try {
    await run({ client, signal: ended.signal, alive });
    return 'CONNECTION_LOST';
  } catch (error) {
    return error instanceof GraphqlRequestError ? error.code : 'UNKNOWN';
  } finally {
    clearTimeout(believe);
    clearTimeout(trust);
    signal.removeEventListener('abort', end);
    network.removeEventListener('offline', end);
    end();
  }
}

const retry = 'ttareungi:retry';

/** Does not wait for the next try. */
export const retryNow = () => dispatchEvent(new Event(retry));

/** Ends early when the network is back, when the page is looked at again, when it is left, or by `retryNow`. */
function pause(ms: number, signal: AbortSignal, network: EventTarget): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const wake = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(wake, ms);
    for (const event of ['online', retry]) network.addEventListener(event, wake, { signal: over.signal });
    network.addEventListener('visibilitychange', () => document.hidden || wake(), { signal: over.signal });
    signal.addEventListener('abort', wake, { signal: over.signal });
    if (signal.aborted) wake();
  });
}

/** A function, because the type checker keeps the narrowing of a property across an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
