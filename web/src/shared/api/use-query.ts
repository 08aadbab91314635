import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useActing } from '../session/acting.ts';
import { serverClock } from '../i18n/server-clock.ts';
import { isAborted, pause } from './backoff.ts';

export interface QueryAnswer<Data> {
  data: Data | null;
  error: unknown;
  /** As of when the data is true: the server's time at which it was asked for. */
  at: number | null;
  /** The first answer is still to come. */
  isWaiting: boolean;
  refresh: () => Promise<void>;
}

interface Answer<Data> {
  key: string;
  data: Data | null;
  at: number | null;
  error: unknown;
}

/**
 * The answer to a query, as the one who is signed in; asked when the variables change and on `refresh`. Null asks
 * nothing.
 */
export function useQuery<Data, Variables>(
  document: TypedDocumentNode<Data, Variables> | null,
  variables: Variables,
): QueryAnswer<Data> {
  const client = useActing()?.client;
  const key = JSON.stringify(variables);
  const [answer, setAnswer] = useState<Answer<Data> | null>(null);
  const latest = useRef(0);
  const refresh = useCallback(async () => {
    if (!client || !document) return;
    const turn = (latest.current += 1);
    const at = serverClock.now();
    const next = await client.request(document, JSON.parse(key) as Variables).then(
      (data) => ({ key, data, at, error: null }),
      (error: unknown) => ({ key, error }),
    );
    // An answer to an earlier question may come after that to a later one.
    if (turn !== latest.current) return;
    setAnswer((before) => ({ data: null, at: null, ...(before?.key === key ? before : {}), ...next }));
  }, [client, document, key]);
  useEffect(() => {
    void refresh();
    // Discards the pending answer for the old variables, or for another rider.
    return () => void (latest.current += 1);
  }, [refresh]);
  const current = answer?.key === key ? answer : null;
  return {
    data: current?.data ?? null,
    error: current?.error ?? null,
    at: current?.at ?? null,
    isWaiting: !!document && !current,
    refresh,
  };
}

const soonestMs = 2_000;
const longestMs = 20_000;
const slowdown = 1.5;

/** Polls by itself: soon after a change, more rarely the longer it stays the same, not while the page is hidden. */
export function useLiveQuery<Data, Variables>(
  document: TypedDocumentNode<Data, Variables> | null,
  variables: Variables,
): QueryAnswer<Data> {
  const answer = useQuery(document, variables);
  const { refresh } = answer;
  const said = JSON.stringify(answer.data);
  useEffect(() => {
    const leaving = new AbortController();
    const follow = async () => {
      for (let waitMs = soonestMs; ; waitMs = Math.min(longestMs, waitMs * slowdown)) {
        await pause(waitMs, leaving.signal);
        if (isAborted(leaving.signal)) return;
        await refresh();
      }
    };
    void follow();
    return () => leaving.abort();
  }, [refresh, said]);
  return answer;
}
