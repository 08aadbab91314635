import { clientError, createPulled } from '../../platform/index.ts';
import type { Change, FeedDocument } from './read-models.ts';

/** A change and its place in the feed. */
export interface FeedItem extends Change {
  cursor: string;
  /** The event that it tells of. */
  seen?: string[];
}

export const cursorExpired = () =>
  clientError('CURSOR_EXPIRED', 'The feed does not go back to this cursor: read the state again.');

/** A place in the feed. */
export interface Place {
  version: number;
  /** How many changes of this version the client has seen. */
  index: number;
}

/** The cursor from which a client resumes, opaque to it. */
export function cursorOf(version: number, index: number): string {
  return Buffer.from(`${version}.${index}`).toString('base64url');
}

/** Null when it is not a cursor. */
export function readCursor(cursor: string): Place | null {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) return null;
  const [version, index] = [Number(match[1]), Number(match[2])];
  // One place has one cursor: base64 and numbers have many spellings.
  return cursorOf(version, index) === cursor ? { version, index } : null;
}

/** The changes in these commits up to a place, the newest first. */
export function latestIn(commits: readonly FeedDocument[], until: Place, count: number): FeedItem[] {
  const items = commits.flatMap(({ _id, changes }) =>
    changes.map((change, place) => ({ ...change, cursor: cursorOf(_id, place + 1), version: _id, place })),
  );
  return items
    .filter(({ version, place }) => version < until.version || (version === until.version && place < until.index))
    .slice(-count)
    .reverse();
}

export interface FollowedFeed {
  /** Commits after this one, the oldest first; not always all of them. */
  commitsAfter(version: number): Promise<FeedDocument[]>;
  /** Called when there is something new, and when the feed closes. */
  watchers: Set<() => void>;
  head(): number;
  isClosed(): boolean;
}

/** Pulls at the subscriber's pace: nothing queues up for one that is slow. */
export function followFrom(start: Place, source: FollowedFeed): AsyncIterableIterator<FeedItem> {
  let { version, index } = start;
  const items: FeedItem[] = [];
  let news = true;
  const pulled = createPulled(take, () => source.watchers.delete(watcher));
  const watcher = () => {
    news = true;
    if (source.isClosed()) pulled.end();
    else pulled.wake();
  };
  source.watchers.add(watcher);

  async function pull(): Promise<void> {
    news = false;
    // The version that was seen in part is read again, without its seen changes.
    for (const document of await source.commitsAfter(version - 1)) {
      // A subscriber so slow that the commits it needs are gone gets an error.
      if (document._id > version + 1) throw cursorExpired();
      const seen = document._id === version ? index : 0;
      items.push(
        ...document.changes.slice(seen).map((change, place) => ({
          ...change,
          ...(change.id === undefined ? {} : { seen: [change.id] }),
          cursor: cursorOf(document._id, seen + place + 1),
        })),
      );
      if (document._id > version || document.changes.length > index) index = document.changes.length;
      version = document._id;
    }
    if (version < source.head()) news = true;
  }

  async function take(): Promise<FeedItem | undefined> {
    while (news && items.length === 0) await pull();
    return items.shift();
  }

  if (source.isClosed()) pulled.end();
  return pulled.items;
}
