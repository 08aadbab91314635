import { type KeyboardEvent, memo } from 'react';
import { StatusIcon } from '../design/icons.tsx';
import { clockTime } from '../words/seoul-time.ts';
import { useSharedWords, useWords } from '../words/speech.tsx';
import type { FeedEntry } from './dashboard-state.ts';
import { usePaced } from './use-paced.ts';
import { dashboardWords } from './words.ts';

/** Every new event moves all the others. */
const readEveryMs = 500;

/** The latest events, newest first. A log that is not read aloud by itself: the announcer counts instead. */
export const EventFeed = memo(function EventFeed({ feed: newest }: { feed: readonly FeedEntry[] }) {
  const words = useWords(dashboardWords);
  const feed = usePaced(newest, readEveryMs);
  return (
    <section className="card feed" aria-labelledby="feed-title">
      <h2 id="feed-title">
        {words.feed} <span className="aside">KST</span>
      </h2>
      {feed.length === 0 ? (
        <p className="empty">{words.noEvents}</p>
      ) : (
        // Scrolls by itself, so it has to be reachable by keyboard: one stop, and the arrow keys go from link to link.
        <div
          className="feed-scroll"
          role="log"
          aria-live="off"
          tabIndex={0}
          aria-labelledby="feed-title"
          onKeyDown={moveAlong}
        >
          <ol>
            {feed.map((entry) => (
              <Entry key={entry.cursor} entry={entry} />
            ))}
          </ol>
        </div>
      )}
    </section>
  );
});

function moveAlong(event: KeyboardEvent<HTMLElement>) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const links = [...event.currentTarget.querySelectorAll('a')];
  const place = links.findIndex((link) => link === document.activeElement);
  const next = step && links[place < 0 ? 0 : place + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

const Entry = memo(function Entry({ entry: { at, eventType, row } }: { entry: FeedEntry }) {
  const words = useSharedWords();
  return (
    <li>
      <time dateTime={at} className="number">
        {clockTime(at)}
      </time>
      <span className="event" data-status={row?.reserveStatus}>
        {row ? <StatusIcon status={row.reserveStatus} /> : <span className="point" aria-hidden="true" />}
        <span title={eventType}>{words.event(eventType)}</span>
      </span>
      {row && (
        <span className="detail">
          <a href={`/fleet?reservation=${row.reserveNo}`} tabIndex={-1}>
            #{row.reserveNo}
          </a>{' '}
          · {words.bike} {row.bikeId} · {row.userId}
        </span>
      )}
    </li>
  );
});
