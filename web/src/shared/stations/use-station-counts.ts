import { useEffect, useState } from 'react';
import { createClient } from '../../../../schema/client/client.ts';
import { StationCountsChangedDocument, StationCountsDocument } from '../../../../schema/client/generated/graphql.ts';
import { stayConnected } from '../api/reconnect.ts';
import type { Acting } from '../session/acting.ts';
import { graphqlUrl } from '../session/session.ts';
import { type Counts, noCounts, told } from './counts.ts';

/** The server has lost the cursor, or never gave it: all is asked for again. After any other end it still holds. */
const badCursorCodes: ReadonlySet<string> = new Set(['CURSOR_EXPIRED', 'CURSOR_IGNORED', 'BAD_USER_INPUT']);

/** What stands at the stations, told each time it changes; null until the stream has begun. */
export function useStationCounts(acting: Acting | null): Counts | null {
  const [counts, setCounts] = useState<Counts | null>(null);
  const session = acting?.session;
  useEffect(() => {
    if (!session) return;
    const leaving = new AbortController();
    let cursor: string | null = null;
    let known: Counts | null = null;
    const show = (next: Counts) => {
      known = next;
      setCounts(next);
    };
    void stayConnected({
      connect: (onConnected) => createClient({ url: graphqlUrl, token: session.token, onConnected }),
      async run({ client, signal, alive }) {
        if (cursor === null) {
          // As of then it is true, however long the answer takes.
          const askedAt = performance.now();
          const { stationCounts } = await client.request(StationCountsDocument, {}, { signal });
          cursor = stationCounts.cursor;
          // Not live yet: a network may let requests through, and no socket.
          show(told(noCounts, stationCounts.stations, askedAt));
        }
        const changes = client.subscribe(StationCountsChangedDocument, { after: cursor }, { resume: false });
        for await (const { stationCountsChanged } of changes) {
          alive();
          cursor = stationCountsChanged.cursor;
          if (known) show(told(known, stationCountsChanged.stations, performance.now()));
        }
      },
      onLive() {
        if (known) show({ ...known, isLive: true });
      },
      onEnd(code) {
        if (known?.isLive) show({ ...known, isLive: false });
        if (badCursorCodes.has(code)) cursor = null;
        return code === 'CURSOR_EXPIRED' ? 'at once' : 'wait';
      },
      signal: leaving.signal,
    });
    return () => {
      leaving.abort();
      setCounts(null);
    };
  }, [session]);
  return counts;
}
