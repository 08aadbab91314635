/** What arrives from time to time, read at the reader's pace. */
export interface Pulled<Item> {
  items: AsyncIterableIterator<Item>;
  /** There may be something to take now. */
  wake(): void;
  /** Ends the iterator, as its reader may. */
  end(): void;
}

/**
 * Not an async generator: the `return` of one waits for the next item.
 * @param take the next item; undefined while there is none.
 * @param close called once, at the end: when the reader leaves, when `take` fails, or when told to.
 */
export function createPulled<Item>(
  take: () => Promise<Item | undefined> | Item | undefined,
  close: () => void,
): Pulled<Item> {
  let ended = false;
  let isNews = false;
  let resume: () => void = () => undefined;

  function wake(): void {
    isNews = true;
    resume();
  }

  function end(): void {
    if (ended) return;
    ended = true;
    close();
    resume();
  }

  async function takeOrEnd(): Promise<Item | undefined> {
    try {
      return await take();
    } catch (error) {
      // The reader of an iterator that has thrown does not call `return`.
      end();
      throw error;
    }
  }

  /** Something may have come, or it may have ended, while `take` looked. */
  const isQuiet = () => !isNews && !ended;

  const leave = async (): Promise<IteratorReturnResult<undefined>> => {
    end();
    return { done: true, value: undefined };
  };

  return {
    wake,
    end,
    items: {
      async next() {
        while (!ended) {
          isNews = false;
          const item = await takeOrEnd();
          if (item !== undefined) return { done: false, value: item };
          if (!isQuiet()) continue;
          await new Promise<void>((resolve) => {
            resume = resolve;
          });
        }
        return { done: true, value: undefined };
      },
      return: leave,
      throw: leave,
      [Symbol.asyncIterator]() {
        return this;
      },
    },
  };
}
