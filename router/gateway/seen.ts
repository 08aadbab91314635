/**
 * Ids of the events that an operation's answers reflect, the newest per stream. A subgraph returns its own in
 * `extensions.seen`; the router sends all of them with the operation's next request. The subgraph answers once its rows
 * show what they led to, so that no nested field is older than its parent. Clients never see or send them.
 */
export type Seen = Map<string, string>;

/** What holds them: the context of one operation. */
interface Operation {
  seen?: Seen;
}

/** As many as a subgraph takes. */
const mostSeen = 1_000;

/** Remembers the events that an answer reflects, for the rest of its operation. */
export function noteSeen(operation: Operation, extensions: unknown): void {
  const { seen: ids } = (extensions ?? {}) as { seen?: unknown };
  if (!Array.isArray(ids)) return;
  const seen = (operation.seen ??= new Map());
  for (const id of ids) {
    const [, stream, version] = /^(.+)@(\d+)$/s.exec(String(id)) ?? [];
    if (stream === undefined || (seen.size >= mostSeen && !seen.has(stream))) continue;
    const known = Number(seen.get(stream)?.slice(stream.length + 1) ?? 0);
    if (Number(version) > known) seen.set(stream, String(id));
  }
}

/** What the next request of the operation says, as a part of its body; nothing where nothing was seen. */
export function extensionsOf({ seen }: Partial<Operation>): string {
  return seen === undefined || seen.size === 0 ? '' : `,"extensions":${JSON.stringify({ seen: [...seen.values()] })}`;
}
