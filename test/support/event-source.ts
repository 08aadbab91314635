import { setTimeout as delay } from 'node:timers/promises';

export interface EventSourceOptions<Data> {
  /** Of the router. */
  origin: string;
  /** The subscription, without variables. */
  query: string;
  token?: string;
  /** The cursor to begin after. */
  after: string | null;
  connected?(): void;
  lost?(): void;
  next(data: Data): void;
  /** Called once: no connection will go on. */
  ended(why: string): void;
}

const retryMs = 20;

/** Server-sent events, taken up again as an EventSource does. */
export function followEvents<Data>({ origin, query, token, ...options }: EventSourceOptions<Data>) {
  const leaving = new AbortController();
  let last = options.after === null ? undefined : JSON.stringify(options.after);
  const end = (why: string) => {
    leaving.abort();
    options.ended(why);
  };

  async function connectOnce(): Promise<void> {
    const address = new URL('/graphql', origin);
    address.searchParams.set('query', query);
    const response = await fetch(address, {
      headers: {
        accept: 'text/event-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(last === undefined ? {} : { 'last-event-id': last }),
      },
      signal: leaving.signal,
    });
    if (response.status >= 500) return;
    if (!response.ok || !response.body) return end(`HTTP ${response.status} ${await response.text()}`);
    options.connected?.();
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  }

  function take(block: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const text = field('data');
    if (text === undefined) return;
    const { data, errors } = JSON.parse(text) as { data?: Data | null; errors?: object[] };
    // The router stops, or lost the subgraph: it says so, and the next connection goes on.
    if (!data) {
      if (!text.includes('SERVICE_UNAVAILABLE')) end(JSON.stringify(errors));
      return;
    }
    last = field('id');
    options.next(data);
  }

  const done = (async () => {
    while (!leaving.signal.aborted) {
      await connectOnce().catch(() => undefined);
      options.lost?.();
      await delay(retryMs);
    }
  })();
  return {
    async stop() {
      leaving.abort();
      await done;
    },
  };
}
