import { createPulled } from '../../platform/foundation/pulled.ts';

/** A list that grows, and those who follow it. Its subscriptions count, so that tests see them come and go. */
export interface Feed<Item> {
  items: Item[];
  publish(item: Item): void;
  /** From the item at `from` (an index) on, and whatever comes. */
  follow(from: number): AsyncIterableIterator<Item>;
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
      const pulled = createPulled(
        () => (index < items.length ? items[index++] : undefined),
        () => {
          followers -= 1;
          waiting.delete(pulled.wake);
        },
      );
      waiting.add(pulled.wake);
      followers += 1;
      opened += 1;
      return pulled.items;
    },
    followers: () => followers,
    opened: () => opened,
  };
}

/** An item and its place in the feed, counted from 1. */
export interface Numbered<Item> {
  item: Item;
  at: number;
}

/** What comes after the cursor of the nth item, `c<n>`; without one from now on. */
export function numbered<Item>(
  feed: Feed<Item>,
  after: string | null | undefined,
): AsyncIterableIterator<Numbered<Item>, undefined> {
  let at = after ? Number(after.slice(1)) : feed.items.length;
  const source = feed.follow(at);
  return {
    async next() {
      const next = await source.next();
      at += 1;
      return next.done ? next : { done: false, value: { item: next.value, at } };
    },
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
