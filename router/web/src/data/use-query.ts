import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useActing } from '../session/acting.ts';

export interface QueryAnswer<Data> {
  data: Data | null;
  error: unknown;
  /** The first answer is still to come. */
  isWaiting: boolean;
  refresh: () => Promise<void>;
}

/** The answer to a query, as the one who is signed in; asked when the variables change and on `refresh`. Null asks nothing. */
export function useQuery<Data, Variables>(
  document: TypedDocumentNode<Data, Variables> | null,
  variables: Variables,
): QueryAnswer<Data> {
  const client = useActing()?.client;
  const key = JSON.stringify(variables);
  const [answer, setAnswer] = useState<{ key: string; data: Data | null; error: unknown } | null>(null);
  const latest = useRef(0);
  const refresh = useCallback(async () => {
    if (!client || !document) return;
    // An answer to an earlier question may come after that to a later one.
    const turn = (latest.current += 1);
    try {
      const data = await client.request(document, JSON.parse(key) as Variables);
      if (turn === latest.current) setAnswer({ key, data, error: null });
    } catch (error) {
      if (turn !== latest.current) return;
      setAnswer((before) => ({ key, data: before?.key === key ? before.data : null, error }));
    }
  }, [client, document, key]);
  useEffect(() => {
    void refresh();
    // What is under way for another question, or another rider, is not waited for.
    return () => void (latest.current += 1);
  }, [refresh]);
  const current = answer?.key === key ? answer : null;
  return { data: current?.data ?? null, error: current?.error ?? null, isWaiting: !!document && !current, refresh };
}
