import { createLruCache } from '../../platform/index.ts';
import { hasEnded } from './projections.ts';
import type { FeedDocument } from './read-models.ts';
import { namedRows, type View } from './row-keys.ts';

/** The feed's cache of rows and positions, by their names. */
export interface FeedMemory {
  /** What a commit changed: kept until it is written, whatever the size of the cache. */
  absorb(document: FeedDocument): void;
  /** Remembers what the database has; undefined when it has no such row. */
  remember(rowName: string, view: View | undefined): void;
  get(rowName: string): View | undefined;
  /** Whether the database need not be asked. */
  isKnown(rowName: string): boolean;
  /** All that was absorbed is in the database. */
  written(): void;
  forget(): void;
}

export function createFeedMemory(cacheSize: number): FeedMemory {
  const cache = createLruCache<string, View | undefined>(cacheSize);
  const unwritten = new Map<string, View>();

  return {
    remember: cache.set,
    absorb(document) {
      for (const [rowName, view] of namedRows(document)) {
        unwritten.set(rowName, view);
        // A reservation that ended is asked for no more: every story would leave a row that nobody needs.
        if ('reserveStatus' in view && hasEnded(view)) cache.delete(rowName);
        else cache.set(rowName, view);
      }
    },
    get: (rowName) => unwritten.get(rowName) ?? cache.get(rowName),
    isKnown: (rowName) => unwritten.has(rowName) || cache.has(rowName),
    written: () => unwritten.clear(),
    forget() {
      cache.clear();
      unwritten.clear();
    },
  };
}
