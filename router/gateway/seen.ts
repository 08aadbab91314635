/**
 * Ids of events that answers have told of, by stream the newest. A subgraph says them in `extensions.seen`, and gets those
 * of the whole operation with what it is asked next: it answers once it shows what they led to, so that nothing nested is
 * older than what it is nested in. Clients neither get nor give any.
 */
export type Seen = Map<string, string>;

/** What keeps it: the context of one operation. */
interface Operation {
  seen?: Seen;
}

/** As many as a subgraph takes. */
const mostSeen = 1_000;

/** Notes what an answer has told of, for the rest of its operation. */
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

/** What the next request of the operation says; nothing where nothing was seen. */
export function extensionsOf({ seen }: Partial<Operation>): { extensions?: { seen: string[] } } {
  return seen === undefined || seen.size === 0 ? {} : { extensions: { seen: [...seen.values()] } };
}
