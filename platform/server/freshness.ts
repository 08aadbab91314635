import { placeOf } from '../foundation/event-id.ts';

/**
 * Reads after a version. An answer says which events it tells of (`extensions.seen`); a subgraph that is asked for more
 * of the same operation waits until it shows what they led to, so that nothing nested is older than its parent. The
 * wait is bounded: after it, the answer comes from what is known.
 */
export interface Freshness {
  /**
   * Resolves when this service shows these events, and what it made of them; or after a time-out.
   * @param seen ids of events, of any service.
   * @returns ids of this service's own events that they led to.
   */
  reach(seen: readonly string[]): Promise<string[]>;
}

export interface FreshnessOptions {
  service: string;
  /** Whose events this service handles. */
  publishers: readonly string[];
  /** Resolves when the views show one of this service's own streams up to a version. */
  show(stream: string, version: number): Promise<void>;
  /** Resolves with true when another service's event was handled, with false after a time-out. */
  handled(publisher: string, stream: string, version: number): Promise<boolean>;
  /** This service's own events that others' events led to. */
  ledTo(eventIds: readonly string[]): Promise<string[]>;
  /** Called when an answer was given before it could show what it should. */
  late(): void;
}

/** As many as the lines of the largest call; no router sends more. */
const mostSeen = 1_000;
const longestId = 1_000;

export function createFreshness(options: FreshnessOptions): Freshness {
  const { service, publishers } = options;

  async function showOwn(eventIds: readonly string[]): Promise<void> {
    await Promise.all(
      eventIds.map(async (id) => {
        const place = placeOf(id);
        if (place?.service === service) await options.show(place.stream, place.version);
      }),
    );
  }

  return {
    async reach(seen) {
      const others = seen.filter((id) => publishers.includes(placeOf(id)?.service ?? ''));
      const handled = others.map(async (id) => {
        const place = placeOf(id);
        return !place || options.handled(place.service, place.stream, place.version);
      });
      if ((await Promise.all(handled)).includes(false)) options.late();
      const own = others.length > 0 ? await options.ledTo(others) : [];
      await showOwn([...seen, ...own]);
      return own;
    },
  };
}

/** The valid ids in a request's `extensions`. */
export function readSeen(extensions: unknown): string[] {
  const { seen } = (extensions ?? {}) as { seen?: unknown };
  if (!Array.isArray(seen)) return [];
  return seen
    .slice(0, mostSeen)
    .filter((id): id is string => typeof id === 'string' && id.length <= longestId && placeOf(id) !== null);
}
