import { setImmediate } from 'node:timers/promises';

/**
 * Works on items that may be many, a few milliseconds at a time: after each slice others get their turn.
 * @param work says whether there was any: what needs none counts for nothing.
 */
export async function inSlices<Item>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => boolean,
): Promise<void> {
  let worked = 0;
  for (const item of items) {
    if (work(item)) worked += 1;
    if (worked < atOnce) continue;
    worked = 0;
    await setImmediate();
  }
}
