/**
 * Subscriptions of the playground, one for each tab: GraphiQL ends one when another tab is looked at, and shows only
 * the last event. Here it goes on behind the other tabs, and shows what it has told.
 */

/** Enough to look back; the editor must render all of them. */
export const eventsShown = 50;

export interface Told {
  /** How many there were, also those that are not shown any more. */
  count: number;
  /** Newest first. */
  events: readonly unknown[];
}

interface LiveTab {
  question: string;
  told: Told;
  isEnded: boolean;
  listeners: Set<() => void>;
  end(): void;
}

export interface LiveTabs {
  /** The events of the tab's subscription: joins the running one if it is the same, else starts a new one. */
  open(tab: string, question: string, begin: () => AsyncIterable<unknown>): AsyncIterableIterator<Told>;
  /** Says whether the tab's subscription goes on. */
  isLive(tab: string): boolean;
  /** Ends those whose tabs are gone. */
  keep(tabs: readonly string[]): void;
  end(tab: string): void;
}

/** @param onLeft is called when a tab's subscription is no longer shown: the user switched tabs or stopped it */
export function createLiveTabs(onLeft: (tab: string) => void): LiveTabs {
  const live = new Map<string, LiveTab>();

  function end(tab: string): void {
    live.get(tab)?.end();
    live.delete(tab);
  }

  function begin(tab: string, question: string, source: AsyncIterable<unknown>): LiveTab {
    const iterator = source[Symbol.asyncIterator]();
    const one: LiveTab = {
      question,
      told: { count: 0, events: [] },
      isEnded: false,
      listeners: new Set(),
      end() {
        one.isEnded = true;
        notify();
        void iterator.return?.();
      },
    };
    const notify = () => one.listeners.forEach((listener) => listener());
    const tell = (event: unknown) => {
      const events = [event, ...one.told.events].slice(0, eventsShown);
      one.told = { count: one.told.count + 1, events };
      notify();
    };
    const follow = async () => {
      try {
        for (let next = await iterator.next(); !next.done && !one.isEnded; next = await iterator.next())
          tell(next.value);
      } catch (error) {
        tell({
          errors: Array.isArray(error)
            ? error
            : [{ message: error instanceof Error ? error.message : 'The connection was lost.' }],
        });
      }
      one.isEnded = true;
      notify();
    };
    void follow();
    live.set(tab, one);
    return one;
  }

  function read(tab: string, one: LiveTab): AsyncIterableIterator<Told> {
    let shown = -1;
    let isLeft = false;
    let wake: () => void = () => undefined;
    const listener = () => wake();
    one.listeners.add(listener);
    return {
      async next() {
        while (!isLeft) {
          if (one.told.count > shown && (one.told.count > 0 || shown === 0)) {
            shown = one.told.count;
            return { done: false, value: one.told };
          }
          if (one.isEnded) break;
          await new Promise<void>((resolve) => (wake = resolve));
        }
        one.listeners.delete(listener);
        return { done: true, value: undefined };
      },
      async return() {
        isLeft = true;
        wake();
        if (!one.isEnded) onLeft(tab);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  return {
    open(tab, question, source) {
      const known = live.get(tab);
      if (known?.question === question && !known.isEnded) return read(tab, known);
      end(tab);
      return read(tab, begin(tab, question, source()));
    },
    isLive: (tab) => live.get(tab)?.isEnded === false,
    keep(tabs) {
      for (const tab of live.keys()) if (!tabs.includes(tab)) end(tab);
    },
    end,
  };
}
