/**
 * How many keys a statement names. Some engines compare each document that they find with the list of them, one after
 * the other: with 500 in a list, a document costs SecantusDB's Python server twice what it costs with 50.
 */
const keysPerStatement = 50;

/** Lists of keys, or of rows by their keys, each short enough for a statement. */
export function partsOf<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / keysPerStatement);
  return Array.from({ length: count }, (_, part) =>
    items.slice(part * keysPerStatement, (part + 1) * keysPerStatement),
  );
}
