import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useEffect, useRef, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { ReservationChangedDocument } from '../../../../schema/client/generated/graphql.ts';

export interface LiveAnswer<Data> {
  /** Null until there is one; the last one while the connection is lost. */
  data: Data | null;
  /** Epoch milliseconds since when the connection is lost. */
  lostSince: number | null;
  /** Asks again, and resolves when the answer is on the screen. */
  refresh: () => Promise<void>;
}

const longestDelayMs = 10_000;
/**
 * What a change entails elsewhere, a payment say, and what changes between the answer and the subscription's beginning,
 * comes with no event of its own: asked again so much later.
 */
const afterwardsMs = [500, 2_000, 8_000];

/**
 * The answer to a query about a rider, asked again each time one of their reservations changes and after every lost
 * connection. Key the component by the client.
 */
export function useLiveAnswer<Data, Variables extends { userId: string }>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): LiveAnswer<Data> {
  const [data, setData] = useState<Data | null>(null);
  const [lostSince, setLostSince] = useState<number | null>(null);
  const key = JSON.stringify(variables);
  const ask = useRef<() => Promise<void>>(async () => undefined);

  useEffect(() => {
    const leaving = new AbortController();
    const asked = JSON.parse(key) as Variables;
    let latest = 0;
    const load = async () => {
      const turn = (latest += 1);
      const answer = await client.request(document, asked);
      if (turn === latest && !leaving.signal.aborted) setData(answer);
    };
    ask.current = () => load().catch(() => undefined);
    let afterwards: ReturnType<typeof setTimeout>[] = [];
    const forgetAfterwards = () => afterwards.forEach((timer) => clearTimeout(timer));
    leaving.signal.addEventListener('abort', forgetAfterwards);
    const loadNowAndAfterwards = async () => {
      forgetAfterwards();
      await load();
      afterwards = isAborted(leaving.signal) ? [] : afterwardsMs.map((ms) => setTimeout(() => void ask.current(), ms));
    };
    const follow = async () => {
      for (let retry = 0; !leaving.signal.aborted; retry += 1) {
        try {
          await loadNowAndAfterwards();
          setLostSince(null);
          retry = 0;
          for await (const _change of client.subscribe(ReservationChangedDocument, { userId: asked.userId })) {
            await loadNowAndAfterwards();
          }
        } catch {
          // Whatever it was: say since when, wait, and begin anew from the whole answer.
        }
        if (isAborted(leaving.signal)) return;
        setLostSince((before) => before ?? Date.now());
        await pause(Math.min(longestDelayMs, 250 * 2 ** retry), leaving.signal);
      }
    };
    void follow();
    return () => leaving.abort();
  }, [client, document, key]);

  return { data, lostSince, refresh: () => ask.current() };
}

/** Ends early when the browser says that the network is back, or when the page is left. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener('online', wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    addEventListener('online', wake);
    signal.addEventListener('abort', wake);
  });
}

/** Asked anew after an await, when the type checker still believes the first answer. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
