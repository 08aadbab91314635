import { useEffect, useState } from 'react';
import { createClient } from '../../../../schema/client/client.ts';
import { StationCountsChangedDocument, StationCountsDocument } from '../../../../schema/client/generated/graphql.ts';
import { stayConnected } from '../api/reconnect.ts';
import { serverClock } from '../i18n/server-clock.ts';
import type { Acting } from '../session/acting.ts';
import { graphqlUrl } from '../session/session.ts';
import { type Counts, countsOf, told } from './counts.ts';

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
          const { stationCounts } = await client.request(StationCountsDocument, {}, { signal });
          cursor = stationCounts.cursor;
          show(countsOf(stationCounts.stations));
        }
        const changes = client.subscribe(StationCountsChangedDocument, { after: cursor }, { resume: false });
        for await (const { stationCountsChanged } of changes) {
          alive();
          cursor = stationCountsChanged.cursor;
          if (known) show(told(known, stationCountsChanged.stations));
        }
      },
      onLive() {
        if (known) show({ ...known, lostAt: null });
      },
      onEnd(code) {
        if (known?.lostAt === null) show({ ...known, lostAt: serverClock.now() });
        // The server refused the cursor, or has lost it: all is asked for again.
        if (code !== 'CONNECTION_LOST' && code !== 'TOKEN_EXPIRED') cursor = null;
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
