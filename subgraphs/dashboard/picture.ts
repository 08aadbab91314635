import { createParked, type Parked } from './parked.ts';
import type { BikeView, StationView } from './projections.ts';
import type { FeedDocument } from './read-models.ts';
import type { Key } from './row-keys.ts';

/** Every bike and station as the newest commit has them. */
export interface Picture {
  bikes: ReadonlyMap<number, BikeView>;
  stations: ReadonlyMap<string, StationView>;
  /** What stands at a station now; it goes on counting, so that who keeps it takes a copy. */
  parked: (stationId: string) => Readonly<Parked>;
  /** When the newest change in it was committed. */
  at: Date;
  /** Grows with every change. */
  version: number;
}

export interface PictureRows {
  all(kind: 'bike'): AsyncIterable<Map<Key, BikeView>>;
  all(kind: 'station'): AsyncIterable<Map<Key, StationView>>;
}

/**
 * The picture that tables and open data are drawn from, in memory: the rows, read when somebody first asks, under what has been
 * committed since this process started. Every commit passes here before a row is written, so that none is missed; where one may
 * have been, all is read again.
 */
export function createPictures(rows: () => PictureRows, startedAt: Date) {
  let current = emptyPicture(startedAt, 0);

  /** What was committed meanwhile is newer than its row. */
  async function fill({ bikes, stations, put }: Filling): Promise<void> {
    for await (const some of rows().all('bike')) {
      for (const bike of some.values()) if (!bikes.has(bike.bikeId)) put(bike);
    }
    for await (const some of rows().all('station')) {
      for (const station of some.values()) {
        if (!stations.has(station.stationId)) stations.set(station.stationId, station);
      }
    }
  }

  async function read(): Promise<Picture> {
    const mine = current;
    mine.filled ??= fill(mine).catch((error: unknown) => {
      mine.filled = undefined;
      throw error;
    });
    await mine.filled;
    // Other rows may have taken the place of those that were read.
    return mine === current ? mine : read();
  }

  /** What is asked for next is read from the rows. */
  function forget(): void {
    current = emptyPicture(current.at, current.version + 1);
  }

  return {
    read,
    forget,
    absorb({ at, generation, bikes = [], stations = [] }: Partial<FeedDocument>): void {
      if (generation !== undefined) forget();
      if (bikes.length === 0 && stations.length === 0) return;
      for (const bike of bikes) current.put(bike);
      for (const station of stations) current.stations.set(station.stationId, station);
      current.at = at ?? current.at;
      current.version += 1;
    },
  };
}

interface Filling extends Picture {
  put(bike: BikeView): void;
  stations: Map<string, StationView>;
  /** Resolves when the rows are in it; unset until somebody asks. */
  filled?: Promise<void> | undefined;
}

function emptyPicture(at: Date, version: number): Filling {
  const bikes = new Map<number, BikeView>();
  const parked = createParked();
  const put = (bike: BikeView) => {
    parked.change(bikes.get(bike.bikeId), bike);
    bikes.set(bike.bikeId, bike);
  };
  return { bikes, put, parked: parked.at, stations: new Map(), at, version };
}
