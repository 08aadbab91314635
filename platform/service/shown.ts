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

/** Versions of a stream that are shown, without a gap: all, or those that this process decided. */
interface Span {
  from: number;
  to: number;
}

const nothing: Span = { from: 1, to: 0 };

export function createShown<State, Event extends Envelope>(options: ShownOptions<State, Event>): Shown<State, Event> {
  const spans = createLruCache<string, Span>(options.cacheSize);
  const underWay = new Map<string, Set<Promise<void>>>();

  /** What goes on from what is known extends it; behind a gap, and before, the newer counts. */
  function note(document: JournalDocument<State, Event>): void {
    const { from, to } = spans.get(document.stream) ?? nothing;
    const last = lastVersionOf(document);
    if (document.version > to + 1) spans.set(document.stream, { from: document.version, to: last });
    else if (document.version >= from) spans.set(document.stream, { from, to: Math.max(to, last) });
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

  const isShown = (stream: string, version: number) => {
    const { from, to } = spans.get(stream) ?? nothing;
    return from === 1 && to >= version;
  };

  return {
    show,
    async upTo(stream, version) {
      if (isShown(stream, version)) return;
      await Promise.allSettled([...(underWay.get(stream) ?? [])]);
      if (isShown(stream, version)) return;
      // As of before the question: what this process shows meanwhile may stand behind what others decide meanwhile.
      const own = spans.get(stream) ?? nothing;
      // What is published was shown before.
      const unpublished = await options.journal.unpublishedOf(stream);
      // What this process decides meanwhile it shows itself.
      await Promise.allSettled([...(underWay.get(stream) ?? [])]);
      const mine = [own, spans.get(stream) ?? nothing];
      await Promise.all(unpublished.filter((one) => !mine.some((span) => isIn(span, one))).map(show));
      const last = Math.max(own.to, lastVersionOf(unpublished.at(-1) ?? null));
      // If the journal does not go so far, all of it is shown, or the caller asked for a version that was never
      // decided.
      const reached = last >= version ? last : Math.min(version, lastVersionOf(await options.journal.head(stream)));
      const now = spans.get(stream) ?? nothing;
      spans.set(stream, { from: 1, to: now.from <= reached + 1 ? Math.max(reached, now.to) : reached });
    },
  };
}

const isIn = ({ from, to }: Span, document: JournalDocument) =>
  document.version >= from && lastVersionOf(document) <= to;
