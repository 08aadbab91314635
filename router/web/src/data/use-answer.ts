import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useEffect, useRef, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';

const restMs = 700;

/**
 * The newest answer to a query, asked again after `version` changed, but not more often than every 700 ms.
 * Null until there is one; a failed repeat leaves the last one. Key the component by the client.
 */
export function useAnswer<Data, Variables>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  version: number,
): Data | null {
  const key = JSON.stringify(variables);
  const [answer, setAnswer] = useState<{ key: string; askedAt: number; data: Data } | null>(null);
  const lastAskedAt = useRef(0);
  useEffect(() => {
    const ask = async () => {
      const askedAt = (lastAskedAt.current = Date.now());
      try {
        const data = await client.request(document, JSON.parse(key) as Variables);
        setAnswer((before) => (before && before.askedAt > askedAt ? before : { key, askedAt, data }));
      } catch {
        // What is wrong shows in the connection state and beside the button that needs it.
      }
    };
    const timer = setTimeout(() => void ask(), Math.max(0, lastAskedAt.current + restMs - Date.now()));
    return () => clearTimeout(timer);
  }, [client, document, key, version]);
  return answer?.key === key ? answer.data : null;
}
