import type { FeedDocument } from './read-models.ts';

/** The feed's cache of rows and positions, by keys like `bike:1` and `position:<subject>`. */
export interface FeedMemory {
  /** What a commit changed: kept until it is written, whatever the size of the cache. */
  absorb(document: FeedDocument): void;
  /** Remembers what the database has; undefined when it has no such row. */
  remember(key: string, value: unknown): void;
  recall(key: string): unknown;
  /** Whether the database need not be asked. */
  isKnown(key: string): boolean;
  /** All that was absorbed is in the database. */
  written(): void;
  forget(): void;
}

/** A commit's rows and positions by their keys in memory. */
function entriesOf(document: FeedDocument): [string, unknown][] {
  return [
    ...document.reservations.map((row): [string, unknown] => [`reservation:${row.reserveNo}`, row]),
    ...document.bikes.map((row): [string, unknown] => [`bike:${row.bikeId}`, row]),
    ...document.accounts.map((row): [string, unknown] => [`account:${row.userId}`, row]),
    ...(document.minutes ?? []).map((row): [string, unknown] => [`minute:${row.minute}`, row]),
    ...document.positions.map(({ subject, version }): [string, unknown] => [`position:${subject}`, version]),
  ];
}

export function createFeedMemory(cacheSize: number): FeedMemory {
  const cache = new Map<string, unknown>();
  const unwritten = new Map<string, unknown>();

  function remember(key: string, value: unknown): void {
    cache.delete(key);
    cache.set(key, value);
    if (cache.size > cacheSize) cache.delete(cache.keys().next().value ?? '');
  }

  return {
    remember,
    absorb(document) {
      for (const [key, value] of entriesOf(document)) {
        remember(key, value);
        unwritten.set(key, value);
      }
    },
    recall: (key) => (unwritten.has(key) ? unwritten.get(key) : cache.get(key)),
    isKnown: (key) => unwritten.has(key) || cache.has(key),
    written: () => unwritten.clear(),
    forget() {
      cache.clear();
      unwritten.clear();
    },
  };
}
