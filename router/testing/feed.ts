/** A list that grows, and those who follow it. Its subscriptions count, so that tests see them come and go. */
export interface Feed<Item> {
  items: Item[];
  publish(item: Item): void;
  /** From the item at `from` (an index) on, and whatever comes. */
  follow(from: number): AsyncIterableIterator<Item, undefined>;
  followers(): number;
  opened(): number;
}

export function createFeed<Item>(): Feed<Item> {
  const items: Item[] = [];
  const waiting = new Set<() => void>();
  let followers = 0;
  let opened = 0;

  return {
    items,
    publish(item) {
      items.push(item);
      for (const wake of [...waiting]) wake();
    },
    follow(from) {
      let index = from;
      let done = false;
      let wake: () => void = () => undefined;
      followers += 1;
      opened += 1;
      return {
        async next() {
          while (!done && index >= items.length) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              waiting.add(resolve);
            });
            waiting.delete(wake);
          }
          const value = items[index];
          index += 1;
          return done || value === undefined ? { done: true, value: undefined } : { done: false, value };
        },
        async return() {
          if (!done) followers -= 1;
          done = true;
          wake();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    followers: () => followers,
    opened: () => opened,
  };
}
