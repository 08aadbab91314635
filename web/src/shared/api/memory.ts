/** Browser storage for a page; in memory until the page closes where storage is forbidden or full. */
export interface Memory {
  get(key: string): string | null;
  set(key: string, value: string): void;
  forget(key: string): void;
  keys(): string[];
}

/** @param storage is asked each time: where storing is forbidden, already naming the store throws. */
export function createMemory(storage: () => Storage): Memory {
  const unstored = new Map<string, string | null>();
  const attempt = <Value>(act: (store: Storage) => Value): { value: Value } | null => {
    try {
      return { value: act(storage()) };
    } catch {
      return null;
    }
  };
  return {
    get: (key) =>
      unstored.get(key) ?? (unstored.has(key) ? null : (attempt((store) => store.getItem(key))?.value ?? null)),
    set(key, value) {
      if (attempt((store) => store.setItem(key, value))) unstored.delete(key);
      else unstored.set(key, value);
    },
    forget(key) {
      if (attempt((store) => store.removeItem(key))) unstored.delete(key);
      else unstored.set(key, null);
    },
    keys() {
      const stored = attempt((store) => Array.from({ length: store.length }, (_, index) => store.key(index) ?? ''));
      const forgotten = (key: string) => unstored.get(key) === null;
      return [...new Set([...(stored?.value ?? []), ...unstored.keys()])].filter((key) => !forgotten(key));
    },
  };
}

/** For this browser, until somebody clears it. */
export const deviceMemory = createMemory(() => localStorage);
/** For this tab, until it is closed. */
export const tabMemory = createMemory(() => sessionStorage);
