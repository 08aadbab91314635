/** A map that evicts its least recently used entries. */
export interface LruCache<Key, Value> {
  get(key: Key): Value | undefined;
  /** Whether it is kept; it does not become younger. */
  has(key: Key): boolean;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  clear(): void;
  /** The eldest first. */
  values(): Iterable<Value>;
}

/**
 * @param limit most entries, or their most total weight.
 * @param weigh gives the weight of an entry. One that weighs more than the limit is not kept.
 */
export function createLruCache<Key, Value>(
  limit: number,
  weigh: (value: Value) => number = () => 1,
): LruCache<Key, Value> {
  const entries = new Map<Key, { value: Value; weight: number }>();
  let total = 0;
  const drop = (key: Key) => {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      // A Map iterates in insertion order: inserting again makes this entry the youngest.
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value) {
      drop(key);
      const weight = weigh(value);
      entries.set(key, { value, weight });
      total += weight;
      for (const eldest of entries.keys()) {
        if (total <= limit) return;
        drop(eldest);
      }
    },
    has: (key) => entries.has(key),
    delete: drop,
    *values() {
      for (const { value } of entries.values()) yield value;
    },
    clear() {
      entries.clear();
      total = 0;
    },
  };
}
