import type { Hooks } from '../gateway/hooks.ts';
import type { RequestContext } from '../gateway/request-context.ts';

/**
 * Ids of the events that an operation's answers reflect, the newest per stream. A subgraph returns its own in
 * `extensions.seen`; the router sends all of them with the operation's next request. The subgraph answers once its rows
 * show what they led to, so that no nested field is older than its parent. Clients never see or send them.
 */
export type Seen = Map<string, string>;

/** As many as a subgraph takes. */
const mostSeen = 1_000;

/** Lets later requests of an operation see what its earlier ones have told of. */
export function keepFresh(): Hooks {
  const seenBy = new WeakMap<RequestContext, Seen>();
  const note = (context: RequestContext, extensions: unknown) => {
    const seen = seenBy.get(context) ?? new Map<string, string>();
    noteSeen(seen, extensions);
    if (seen.size > 0) seenBy.set(context, seen);
  };
  return {
    onFetch(fetch, context) {
      const seen = seenBy.get(context);
      if (seen) fetch.extensions['seen'] = [...seen.values()];
      return ({ extensions }) => note(context, extensions);
    },
    onEvent: ({ extensions }, context) => note(context, extensions),
  };
}

/** Remembers the events that an answer reflects. */
export function noteSeen(seen: Seen, extensions: unknown): void {
  const { seen: ids } = (extensions ?? {}) as { seen?: unknown };
  if (!Array.isArray(ids)) return;
  for (const id of ids) {
    const [, stream, version] = /^(.+)@(\d+)$/s.exec(String(id)) ?? [];
    if (stream === undefined || (seen.size >= mostSeen && !seen.has(stream))) continue;
    const known = Number(seen.get(stream)?.slice(stream.length + 1) ?? 0);
    if (Number(version) > known) seen.set(stream, String(id));
  }
}
