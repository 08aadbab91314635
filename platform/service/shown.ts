import type { Envelope } from '../../schema/events/envelope.ts';
import { lastVersionOf, type Journal, type JournalDocument } from '../event-core/journal.ts';
import { createLruCache } from '../foundation/lru-cache.ts';

/** How far the views show each stream. */
export interface Shown<State, Event extends Envelope> {
  /** Writes what a decision changes in the views; safe to repeat. */
  show(document: JournalDocument<State, Event>): Promise<void>;
  /**
   * Resolves when the views show everything up to this version, as far as the journal has it. The instance that decided
   * writes them; what another instance has not written yet is written here.
   */
  upTo(stream: string, version: number): Promise<void>;
}

export interface ShownOptions<State, Event extends Envelope> {
  journal: Pick<Journal<State, Event>, 'head' | 'unpublishedOf'>;
  apply(document: JournalDocument<State, Event>): Promise<void>;
  /** How many streams to remember. */
  cacheSize: number;
}

export function createShown<State, Event extends Envelope>(options: ShownOptions<State, Event>): Shown<State, Event> {
  /** By stream: the version up to which everything is shown, without a gap. */
  const through = createLruCache<string, number>(options.cacheSize);
  const underWay = new Map<string, Set<Promise<void>>>();

  function note(document: JournalDocument<State, Event>): void {
    const known = through.get(document.stream) ?? 0;
    if (document.version <= known + 1) through.set(document.stream, Math.max(known, lastVersionOf(document)));
  }

  async function show(document: JournalDocument<State, Event>): Promise<void> {
    const { stream } = document;
    const writes = underWay.get(stream) ?? new Set();
    underWay.set(stream, writes);
    const write = options.apply(document).then(() => note(document));
    writes.add(write);
    try {
      await write;
    } finally {
      writes.delete(write);
      if (writes.size === 0 && underWay.get(stream) === writes) underWay.delete(stream);
    }
  }

  const isShown = (stream: string, version: number) => (through.get(stream) ?? 0) >= version;

  return {
    show,
    async upTo(stream, version) {
      if (isShown(stream, version)) return;
      await Promise.allSettled([...(underWay.get(stream) ?? [])]);
      if (isShown(stream, version)) return;
      // What is published was shown before.
      const unpublished = await options.journal.unpublishedOf(stream);
      await Promise.all(unpublished.map(show));
      const last = lastVersionOf(unpublished.at(-1) ?? null);
      // If the journal does not go so far, all of it is shown, or the caller asked for a version that was never
      // decided.
      const reached = last >= version ? last : Math.min(version, lastVersionOf(await options.journal.head(stream)));
      through.set(stream, Math.max(reached, through.get(stream) ?? 0));
    },
  };
}
