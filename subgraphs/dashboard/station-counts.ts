import { createPulled, type Time } from '../../platform/index.ts';
import { cursorExpired, cursorOf, type FollowedFeed, type Place } from './feed-follower.ts';
import type { Picture } from './picture.ts';
import type { FeedDocument } from './read-models.ts';
import { readRowKey, type View } from './row-keys.ts';
import type { BikeView } from './projections.ts';
import type { StationLine } from './tables.ts';

/** What stands at stations, as of a place in the feed. */
export interface StationCounts {
  cursor: string;
  /** When the newest change in it was committed. */
  at: Date;
  stations: StationLine[];
}

/**
 * How often subscribers are told at most: a map is to show a change within 300 ms, of which the way to here and on to the
 * page takes some 50, on a busy machine 200. What changes after a quiet moment is told at once; in ten times a city's
 * busiest hour this makes ten messages a second of a dozen stations each.
 */
export const tellEveryMs = 100;

/** Every change of a commit is in it. */
const whole = Number.MAX_SAFE_INTEGER;

type Rows = Iterable<readonly [rowName: string, view: View]>;

/** The stations of which rows tell: those that changed, and those where bikes stood and stand. */
export function stationsTouched(changed: Rows, before: ReadonlyMap<string, View | undefined>): string[] {
  const touched = new Set<string | undefined>();
  for (const [rowName, view] of changed) {
    const { kind, key } = readRowKey(rowName);
    if (kind === 'station') touched.add(String(key));
    if (kind !== 'bike') continue;
    touched.add((before.get(rowName) as BikeView | undefined)?.stationId);
    touched.add((view as BikeView).stationId);
  }
  touched.delete(undefined);
  return [...touched] as string[];
}

/**
 * The stations whose counts a commit may have changed; 'all' where it does not say: other rows took the place of those before,
 * or older code made it.
 */
function touchedIn({ generation, touched, bikes, stations = [] }: FeedDocument): readonly string[] | 'all' {
  if (generation !== undefined) return 'all';
  return touched ?? (bikes.length + stations.length > 0 ? 'all' : []);
}

interface Dependencies {
  /** Of the feed. */
  source: FollowedFeed;
  /** Has every commit that the feed has. */
  picture(): Promise<Picture>;
  time: Time;
}

/** Of who is more commits behind, all is told: to read what changed since would cost more, for whoever asks for it. */
export const mostRead = 1_000;

/** What stands at stations, now and each time it changes: drawn from the picture, so that a message can say no old counts. */
export function createStationCounts({ source, picture, time }: Dependencies) {
  let turn: Promise<void> | undefined;
  let toldAt = -Infinity;
  /** Shared: all who follow are told of the same commits, and the bikes are counted once. */
  const nextTurn = () =>
    (turn ??= time.wait(Math.max(0, toldAt + tellEveryMs - time.now())).then(() => {
      toldAt = time.now();
      turn = undefined;
    }));

  async function countsOf(stationIds: Iterable<string> | 'all', version: number): Promise<StationCounts> {
    const now = await picture();
    const known = [...(stationIds === 'all' ? now.stations.keys() : stationIds)].flatMap(
      (stationId) => now.stations.get(stationId) ?? [],
    );
    return {
      cursor: cursorOf(version, whole),
      at: now.at,
      stations: known.map((station) => ({ ...station, ...now.parked(station.stationId) })),
    };
  }

  return {
    // The place first: what is newer is told again.
    now: () => countsOf('all', source.head()),

    /** The stations whose counts changed after a place, with the counts that they have now. */
    follow(start: Place): AsyncIterableIterator<StationCounts> {
      // Of a commit that was seen in part, all is told: counts may be told twice.
      let version = start.index === whole ? start.version : Math.max(0, start.version - 1);
      const pulled = createPulled(take, () => source.watchers.delete(watcher));
      const watcher = () => (source.isClosed() ? pulled.end() : pulled.wake());
      source.watchers.add(watcher);

      /** Reads up to the head. @throws when the feed does not go back so far. */
      async function touchedSince(): Promise<Set<string> | 'all'> {
        const touched = new Set<string>();
        let isAll = false;
        if (source.head() - version > mostRead) {
          version = source.head();
          return 'all';
        }
        while (version < source.head()) {
          const commits = await source.commitsAfter(version);
          if (commits.length === 0) break;
          for (const commit of commits) {
            if (commit._id > version + 1) throw cursorExpired();
            const some = touchedIn(commit);
            if (some === 'all') isAll = true;
            else for (const stationId of some) touched.add(stationId);
            version = commit._id;
          }
        }
        return isAll ? 'all' : touched;
      }

      async function take(): Promise<StationCounts | undefined> {
        if (version >= source.head()) return undefined;
        await nextTurn();
        const touched = await touchedSince();
        if (touched !== 'all' && touched.size === 0) return undefined;
        const counts = await countsOf(touched, version);
        return counts.stations.length > 0 ? counts : undefined;
      }

      if (source.isClosed()) pulled.end();
      return pulled.items;
    },
  };
}
