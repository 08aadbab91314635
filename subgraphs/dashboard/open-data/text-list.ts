/**
 * Texts in order, as one. Of many few come and go between two readings, so those with the same two letters where texts begin
 * to differ are joined on their own, and again only when one of them came or went.
 * @param from where that is: up to there all are alike.
 */
export function createTextList(from: number) {
  const groups = new Map<string, { texts: Set<string>; joined: string | undefined }>();

  function changing(text: string): Set<string> {
    const beginning = text.slice(from, from + 2);
    const group = groups.get(beginning) ?? { texts: new Set(), joined: undefined };
    group.joined = undefined;
    groups.set(beginning, group);
    return group.texts;
  }

  return {
    add: (text: string) => void changing(text).add(text),
    remove: (text: string) => void changing(text).delete(text),
    /** With a comma between each two. */
    joined(): string {
      const some: string[] = [];
      for (const beginning of [...groups.keys()].sort()) {
        const group = groups.get(beginning);
        if (!group) continue;
        if (group.texts.size > 0) some.push((group.joined ??= [...group.texts].sort().join()));
        else groups.delete(beginning);
      }
      return some.join();
    },
  };
}
