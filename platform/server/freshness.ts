import { placeOf } from '../foundation/event-id.ts';

/**
 * Reads after a version. An answer says which events it tells of (`extensions.seen`); whoever is asked for more of the same
 * operation waits until it shows what they led to, so that nothing nested is older than what it is nested in. Time is
 * bounded: an answer from what is known is better than none.
 */
export interface Freshness {
  /**
   * Resolves when this service shows what these events are, and what it made of them; or when the time is up.
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
  /** Resolves with true when another's event was handled, with false when it was not in time. */
  handled(publisher: string, stream: string, version: number): Promise<boolean>;
  /** This service's own events that those of others led to. */
  ledTo(eventIds: readonly string[]): Promise<string[]>;
  /** An answer was given before what it should show was known. */
  late(): void;
}

/** As many as the lines of the largest call; whoever sends more is no router. */
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

/** The ids in a request's `extensions`; none where it has none that make sense. */
export function readSeen(extensions: unknown): string[] {
  const { seen } = (extensions ?? {}) as { seen?: unknown };
  if (!Array.isArray(seen)) return [];
  return seen
    .slice(0, mostSeen)
    .filter((id): id is string => typeof id === 'string' && id.length <= longestId && placeOf(id) !== null);
}
