import { useEffect, useState } from 'react';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { createClient } from '../../../../schema/client/client.ts';
import { stayConnected } from '../../shared/api/reconnect.ts';
import type { Acting } from '../../shared/session/acting.ts';
import { graphqlUrl } from '../../shared/session/session.ts';

/**
 * Asks everything again each time something of the rider changes; says whether the subscription runs.
 *
 * @param document null: nothing is followed.
 * @param heard is told of each change, and gives the cursor after it; always the same function.
 */
export function useChanges<Data>(
  { session, refresh }: Acting,
  document: TypedDocumentNode<Data, { userId: string }> | null,
  heard: (change: Data) => string | null | undefined,
): boolean {
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    if (!document) return;
    const leaving = new AbortController();
    const { userId, token } = session;
    let isTold = false;
    let cursor: string | undefined;
    const tell = (told: boolean) => {
      // Also when it ends: what is shown then is not kept up to date any more.
      if (told !== isTold) void refresh();
      isTold = told;
      setLive(told);
    };
    void stayConnected({
      connect: (onConnected) => createClient({ url: graphqlUrl, token, onConnected }),
      async run({ client, alive }) {
        for await (const change of client.subscribe(document, { userId }, { after: cursor, resume: false })) {
          cursor = heard(change) ?? undefined;
          alive();
          void refresh();
        }
      },
      onLive: () => tell(true),
      onEnd(code) {
        tell(false);
        // The server refused the cursor: what is asked again now is all that there is to know.
        if (code !== 'CONNECTION_LOST') cursor = undefined;
        return code === 'CURSOR_EXPIRED' ? 'at once' : 'wait';
      },
      signal: leaving.signal,
    });
    return () => {
      leaving.abort();
      setLive(false);
    };
  }, [session, refresh, document, heard]);
  return isLive;
}
