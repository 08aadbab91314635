import { ancestorsOf, type DeferUsage } from './deferral.ts';

/** Who needs something: the first answer, or deferred fragments. */
export type Need = ReadonlySet<DeferUsage | typeof atFirst>;
export const atFirst = 'first';
export const noNeed: Need = new Set();

export const addAll = <Item>(to: Set<Item>, items: Iterable<Item>): void => {
  for (const item of items) to.add(item);
};

export const isSameNeed = (one: Need, other: Need) =>
  one.size === other.size && [...one].every((each) => other.has(each));

/** Who of those that need something is answered before the others; undefined where none is. */
export function earliest(need: Need): DeferUsage | typeof atFirst | undefined {
  if (need.has(atFirst)) return atFirst;
  const usages = [...need].filter((each) => each !== atFirst);
  return usages.find((usage) => usages.every((other) => other === usage || ancestorsOf(other).includes(usage)));
}
