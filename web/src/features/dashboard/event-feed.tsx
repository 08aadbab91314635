import './event-feed.css';
import { Fragment, type KeyboardEvent, memo, type ReactNode } from 'react';
import { StatusIcon } from '../../shared/ui/icons.tsx';
import { linkTo } from '../../app/links.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import type { FeedEntry } from './dashboard-state.ts';
import { Time } from './time.tsx';
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

const Entry = memo(function Entry({ entry }: { entry: FeedEntry }) {
  const words = useSharedWords();
  const { at, eventType, reservation, refused } = entry;
  const own = useWords(dashboardWords);
  return (
    <li>
      <Time at={at} />
      <span className="event" data-status={reservation?.reserveStatus}>
        {reservation ? (
          <StatusIcon status={reservation.reserveStatus} />
        ) : (
          <span className="point" aria-hidden="true" />
        )}
        <span title={eventType}>{words.event(eventType)}</span>
      </span>
      <Detail entry={entry} />
      {refused > 0 && <span className="detail">{own.refusedAttempts(refused)}</span>}
    </li>
  );
});

/** Which reservation, bike and rider it was about, and how many points moved. */
function Detail({ entry: { reservation, bikeId, userId, points } }: { entry: FeedEntry }) {
  const words = useSharedWords();
  const parts: ReactNode[] = [];
  if (reservation) {
    parts.push(
      <a href={linkTo('reservation', reservation.reserveNo)} tabIndex={-1}>
        #{reservation.reserveNo}
      </a>,
    );
  }
  if (typeof bikeId === 'number') {
    parts.push(
      <a href={linkTo('bike', bikeId)} tabIndex={-1}>
        {words.bike} {bikeId}
      </a>,
    );
  }
  if (userId) {
    parts.push(
      <a href={linkTo('rider', userId)} tabIndex={-1}>
        {words.rider} {userId}
      </a>,
    );
  }
  if (points !== null) {
    parts.push(<strong className="number">{words.pointsMoved(points)}</strong>);
  }
  if (parts.length === 0) return null;
  return (
    <span className="detail">
      {parts.map((part, place) => (
        <Fragment key={place}>
          {place > 0 && ' · '}
          {part}
        </Fragment>
      ))}
    </span>
  );
}
