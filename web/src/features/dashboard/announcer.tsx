import { useEffect, useRef, useState } from 'react';
import { useWords } from '../../shared/i18n/speech.tsx';
import type { Connection } from './dashboard-state.ts';
import { dashboardWords, type DashboardWords } from './words.ts';

/** How often, at most, a screen reader hears how much changed: speech cannot keep up with a city. */
const announceEveryMs = 30_000;

/** The only live region of the page: the connection at once, everything else as a count now and then. */
export function Announcer({ connection, updates }: { connection: Connection; updates: number }) {
  const words = useWords(dashboardWords);
  const [count, setCount] = useState(0);
  const current = useRef(updates);
  useEffect(() => {
    current.current = updates;
  }, [updates]);
  useEffect(() => {
    let told = current.current;
    const timer = setInterval(() => {
      setCount(Math.max(0, current.current - told));
      told = current.current;
    }, announceEveryMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="visually-hidden" role="status">
      {`${connectionNews(connection, words)} ${count > 0 ? words.announceChanges(count) : ''}`}
    </p>
  );
}

function connectionNews({ status }: Connection, words: DashboardWords): string {
  if (status === 'reconnecting') return words.announceLost;
  return status === 'live' ? words.announceLive : '';
}
