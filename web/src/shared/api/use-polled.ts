import { useEffect, useRef, useState } from 'react';
import { isAborted, pause } from './backoff.ts';

const soonestMs = 10_000;
const longestMs = 60_000;
const slowdown = 1.5;

export interface Polled<Data> {
  /** Null until there is one; the last one when a repeat fails. */
  data: Data | null;
  /** The last time it was asked, there was no answer. */
  failed: boolean;
}

/**
 * Polls what no event announces: every 10 s while the page is visible, more rarely the longer it stays the same or
 * fails, and at once when `key` changes.
 */
export function usePolled<Data>(ask: () => Promise<Data>, key: string): Polled<Data> {
  const [answer, setAnswer] = useState<Polled<Data>>({ data: null, failed: false });
  // Every render creates it again; it asks the same while the key is the same.
  const asking = useRef(ask);
  useEffect(() => {
    asking.current = ask;
  });
  useEffect(() => {
    const leaving = new AbortController();
    const poll = async () => {
      let shown = '';
      for (let waitMs = soonestMs; !leaving.signal.aborted;) {
        try {
          const data = await asking.current();
          if (isAborted(leaving.signal)) return;
          const found = JSON.stringify(data);
          waitMs = found === shown ? Math.min(longestMs, waitMs * slowdown) : soonestMs;
          shown = found;
          setAnswer({ data, failed: false });
        } catch {
          if (isAborted(leaving.signal)) return;
          waitMs = Math.min(longestMs, waitMs * slowdown);
          setAnswer(({ data }) => ({ data, failed: true }));
        }
        await pause(waitMs, leaving.signal);
      }
    };
    void poll();
    return () => leaving.abort();
  }, [key]);
  return answer;
}
