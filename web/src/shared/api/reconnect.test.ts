import { describe, expect, it } from '@jest/globals';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { type Connection, stayConnected } from './reconnect.ts';

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Connects as often as `lives` says how; the network and what happened come with it. */
function stay(lives: readonly ((connection: Connection) => Promise<void>)[], ends: string[] = []) {
  const network = new EventTarget();
  const leaving = new AbortController();
  const waited: number[] = [];
  const closed: number[] = [];
  let count = 0;
  let lived = 0;
  const over = stayConnected({
    connect(onConnected) {
      const place = (count += 1);
      queueMicrotask(onConnected);
      return { close: () => closed.push(place) } as Partial<Client> as Client;
    },
    async run(connection) {
      const life = lives[count - 1];
      if (!life) return leaving.abort();
      await life(connection);
    },
    onLive: () => (lived += 1),
    onEnd(code) {
      ends.push(code);
      return code === 'STOP' ? 'stop' : code === 'AT_ONCE' ? 'at once' : 'wait';
    },
    signal: leaving.signal,
    network,
    retryDelayMs: (retry) => {
      waited.push(retry);
      return 1;
    },
  });
  return { over, network, leaving, waited, closed, ends, lived: () => lived };
}

const failing = (code: string) => async () => {
  throw new GraphqlRequestError(code, '');
};
const untilOver = ({ signal }: Connection) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

describe('staying connected', () => {
  it('waits ever longer, and from the start again once something came', async () => {
    const { over, waited, ends } = stay([
      failing('CONNECTION_LOST'),
      failing('CONNECTION_LOST'),
      async ({ alive }) => alive(),
      failing('SERVICE_UNAVAILABLE'),
    ]);
    await over;
    expect(waited).toEqual([1, 2, 1, 2]);
    expect(ends).toEqual(['CONNECTION_LOST', 'CONNECTION_LOST', 'CONNECTION_LOST', 'SERVICE_UNAVAILABLE']);
  });

  it('goes on at once when told so, but not again and again', async () => {
    const { over, waited } = stay([failing('AT_ONCE'), failing('AT_ONCE'), failing('AT_ONCE')]);
    await over;
    expect(waited).toEqual([2, 3]);
  });

  it('stops when told so', async () => {
    const { over, closed } = stay([failing('STOP'), failing('STOP')]);
    await over;
    expect(closed).toEqual([1]);
  });

  it('ends the connection as soon as the browser knows that the network is gone', async () => {
    const { over, network, waited } = stay([untilOver]);
    await later(5);
    network.dispatchEvent(new Event('offline'));
    await over;
    expect(waited).toEqual([1]);
  });

  it('is live when something came, or when the server did not refuse it for a while', async () => {
    const at = stay([async ({ alive }) => (alive(), alive())]);
    await at.over;
    expect(at.lived()).toBe(1);
    const silent = stay([() => later(400)]);
    await silent.over;
    expect(silent.lived()).toBe(1);
    const refused = stay([() => later(20).then(failing('FORBIDDEN'))]);
    await refused.over;
    expect(refused.lived()).toBe(0);
  });

  it('leaves nothing open when the page is left', async () => {
    const { over, leaving, closed, ends } = stay([untilOver]);
    await later(5);
    leaving.abort();
    await over;
    expect([closed.includes(1), ends]).toEqual([true, []]);
  });
});

describe('the wait for the next try', () => {
  it.each(['online', 'ttareungi:retry'])('ends with %s', async (event) => {
    const network = new EventTarget();
    const leaving = new AbortController();
    let connections = 0;
    const over = stayConnected({
      connect: () => ({ close: () => undefined }) as Partial<Client> as Client,
      async run() {
        connections += 1;
        if (connections === 2) leaving.abort();
      },
      onLive: () => undefined,
      onEnd: () => 'wait',
      signal: leaving.signal,
      network,
      retryDelayMs: () => 60_000,
    });
    await later(5);
    expect(connections).toBe(1);
    network.dispatchEvent(new Event(event));
    await over;
    expect(connections).toBe(2);
  });
});
