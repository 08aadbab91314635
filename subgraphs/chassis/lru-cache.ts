/** A map that forgets what was not asked for longest. */
export interface LruCache<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
}

/** @param limit most entries. */
export function createLruCache<Key, Value>(limit: number): LruCache<Key, Value> {
  const entries = new Map<Key, Value>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      // A Map iterates in insertion order: inserting again makes this entry the youngest.
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      const eldest = entries.size > limit ? entries.keys().next() : undefined;
      if (eldest && !eldest.done) entries.delete(eldest.value);
    },
    delete: (key) => void entries.delete(key),
  };
}
