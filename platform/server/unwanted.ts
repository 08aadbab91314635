/**
 * Tells work that nobody waits for it any more: what is used of an AbortSignal, in whose place it may stand. Node takes
 * microseconds to make one and to listen to it, and a query has several.
 */
export interface Unwanted {
  readonly aborted: boolean;
  /** The listener is called once. */
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface UnwantedController {
  signal: Unwanted;
  /** May be called more than once. */
  abort(): void;
}

export function createUnwanted(): UnwantedController {
  let aborted = false;
  let listeners: (() => void)[] = [];
  return {
    signal: {
      get aborted() {
        return aborted;
      },
      addEventListener(_type, listener) {
        if (!aborted) listeners.push(listener);
      },
      removeEventListener(_type, listener) {
        const at = listeners.indexOf(listener);
        if (at >= 0) listeners.splice(at, 1);
      },
    },
    abort() {
      if (aborted) return;
      aborted = true;
      const told = listeners;
      listeners = [];
      for (const listener of told) listener();
    },
  };
}
