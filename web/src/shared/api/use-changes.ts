import { useEffect, useState } from 'react';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { createClient } from '../../../../schema/client/client.ts';
import type { Acting } from '../session/acting.ts';
import { graphqlUrl } from '../session/session.ts';
import { stayConnected } from './reconnect.ts';

/**
 * Asks everything again each time a subscription tells of a change; says whether it runs.
 *
 * @param document null: nothing is followed.
 * @param variables always the same object, unless something else is to be followed.
 * @param heard is told of each change, and gives the cursor after it; always the same function.
 */
export function useChanges<Data, Variables>(
  { session, refresh }: Acting,
  document: TypedDocumentNode<Data, Variables> | null,
  variables: Variables,
  heard: (change: Data) => string | null | undefined,
): boolean {
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    if (!document) return;
    const leaving = new AbortController();
    const { token } = session;
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
        for await (const change of client.subscribe(document, variables, { after: cursor, resume: false })) {
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
  }, [session, refresh, document, variables, heard]);
  return isLive;
}
