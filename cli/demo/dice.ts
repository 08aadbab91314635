/** Pseudo-random choices, the same from the same seed: a city is replayed by it, and a test that failed repeated. */
export interface Dice {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  /** A number from `least` up to, but not including, `most`. */
  between(least: number, most: number): number;
  /** True with this chance (0 to 1). */
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** Undefined only for an empty list. */
  pick<Item>(items: readonly Item[]): Item | undefined;
  /** One list of all items; those of one stream stay in their order. */
  interleave<Item>(streams: readonly (readonly Item[])[]): Item[];
}

/** Mulberry32 (public domain, Tommy Ettinger): 32 bits of state are plenty for a few thousand short sequences. */
export function createDice(seed: number): Dice {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    between: (least, most) => least + next() * (most - least),
    chance: (probability) => next() < probability,
    pick: <Item>(items: readonly Item[]) => items[below(items.length)] as Item,
    interleave(streams) {
      const left = streams.map((stream) => [...stream]).filter((stream) => stream.length > 0);
      const mixed = [];
      while (left.length > 0) {
        const place = below(left.length);
        const [taken] = left[place]?.splice(0, 1) ?? [];
        if (taken !== undefined) mixed.push(taken);
        if (left[place]?.length === 0) left.splice(place, 1);
      }
      return mixed;
    },
  };
}
