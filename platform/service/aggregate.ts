import type { Envelope } from '../../schema/events/envelope.ts';
import { createCommandHandler, type CommandHandler } from '../event-core/command-handler.ts';
import { reachCrashPoint } from '../foundation/crash-points.ts';
import { createCounters, type Counters } from '../event-core/counters.ts';
import { eventId, placeOf } from '../foundation/event-id.ts';
import type { Decider } from '../event-core/decider.ts';
import {
  createJournal,
  lastVersionOf,
  type Journal,
  type JournalDocument,
  type RefusedDecision,
} from '../event-core/journal.ts';
import { gatherMs } from '../messaging/checkpoints.ts';
import { answering, fitting, journalQuestion, streamsQuestion } from '../messaging/questions.ts';
import { createReconciler, type Reconciler } from '../messaging/reconciler.ts';
import { createOutboxRelay } from '../messaging/outbox-relay.ts';
import type { Runtime } from './runtime.ts';
import { createShown } from './shown.ts';
import { createViews, type ViewChange } from '../event-core/read-model.ts';
import { createNotices, waitForState, type Notices, type VersionedState } from './await-outcome.ts';

/** Everything one kind of aggregate needs: its journal, its commands, its views, and the relay of its events. */
export interface Aggregate<
  State extends object,
  Command,
  Event extends Envelope,
  Code extends string,
> extends CommandHandler<State, Command, Event, Code> {
  journal: Journal<State, Event>;
  counters: Counters;
  notices: Notices<State, Event>;
  reconciler: Reconciler;
  /**
   * The state of a stream once it meets the condition, or the last one seen after OUTCOME_TIMEOUT_MS (the default); the
   * views show it.
   */
  waitFor(
    stream: string,
    until: (state: State) => boolean,
    options?: { timeoutMs?: number; from?: JournalDocument<State, Event>; saw?: (eventId: string) => void },
  ): Promise<State>;
  /** Resolves when the views show a stream up to a version. */
  show(stream: string, version: number): Promise<void>;
  prepare(): Promise<void>;
  start(): void;
  /** How many decisions the broker does not have yet. */
  unpublished(): Promise<number>;
  /** Some of those that the broker or a view refuses. */
  refused(): Promise<RefusedDecision[]>;
  close(): Promise<void>;
}

export interface AggregateOptions<State, Command, NewEvent, Event extends Envelope, Code extends string> {
  decider: Decider<State, Command, NewEvent, Code>;
  /** Checks an event against its contract. @throws {Error} that says what does not fit. */
  parse(envelope: Envelope): Event;
  /** What a decision changes in the views. */
  changesOf(document: JournalDocument<State, Event>): ViewChange[];
  /** Raise it when the views must be rebuilt. */
  viewsVersion: number;
}

export function createAggregate<
  State extends object,
  Command,
  NewEvent extends { type: string; data: unknown },
  Event extends Envelope,
  Code extends string,
>(
  runtime: Runtime,
  options: AggregateOptions<State, Command, NewEvent, Event, Code>,
): Aggregate<State, Command, Event, Code> {
  const { service, settings, database, bus, logger, metrics, tracing, clock, time, random } = runtime;
  const broken = new Set<string>();
  const onBroken = (stream: string, error: unknown) => {
    if (!broken.has(stream)) logger.error({ err: error, stream }, 'the journal was tampered with; the stream stops');
    broken.add(stream);
  };
  const stored = createJournal<State, Event>(database, onBroken, time);
  const journal: Journal<State, Event> = {
    ...stored,
    append: (document) =>
      tracing.trace(`append ${namesIn(document)}`, document.events[0]?.traceparent, { document: document._id }, () =>
        metrics.timeAppend(stored.append(document)),
      ),
  };
  const notices = createNotices<State, Event>();
  const views = createViews({
    database,
    journal,
    logger,
    schemaVersion: options.viewsVersion,
    changesOf: (document) => options.changesOf(document),
    time,
  });
  const shown = createShown({
    journal,
    apply: (document) => views.apply(document),
    cacheSize: settings.HEAD_CACHE_SIZE,
  });
  /** The decision stands and is answered even when its views fail: the sweeper writes them. */
  const tryToShow = (stream: string, version: number) => shown.upTo(stream, version).catch(() => undefined);
  const relay = createOutboxRelay({
    service,
    journal,
    bus: {
      publish: (publisher, event) =>
        tracing.trace(`publish ${event.type}`, event.traceparent, { event: event.id }, () =>
          metrics.timePublish(bus.publish(publisher, event)),
        ),
      status: () => bus.status(),
    },
    logger,
    applyViews: (document) => shown.show(document),
    sweepEveryMs: settings.SWEEP_EVERY_MS,
    sweepBatch: settings.SWEEP_BATCH,
    gatherMs,
    longestDelayMs: settings.REFUSED_DELAY_MS,
    clock,
    time,
  });
  const reconciler = createReconciler({
    service,
    journal,
    bus: {
      ...bus,
      async publish(publisher, event) {
        const wasLost = await bus.publish(publisher, event);
        if (wasLost) metrics.refilled();
        return wasLost;
      },
    },
    logger,
    clock,
    everyMs: settings.RECONCILE_EVERY_MS,
    lookEveryMs,
    time,
  });
  const counters = createCounters(database, time);
  const commands = createCommandHandler<State, Command, NewEvent, Event, Code>({
    service,
    decider: options.decider,
    parse: (envelope) => options.parse(envelope),
    journal,
    clock,
    maxConflicts,
    conflictDelayMs,
    headCacheSize: settings.HEAD_CACHE_SIZE,
    time,
    random,
    decided: async (document) => {
      const dispatched = relay.dispatch(document);
      notices.notify(document);
      await dispatched;
    },
  });

  async function headOf(stream: string): Promise<VersionedState<State>> {
    const head = await journal.head(stream);
    return { state: head ? head.state : options.decider.initial, version: lastVersionOf(head) };
  }

  /** The state of a stream that this command did not change may be from another instance, and not in the views yet. */
  const handle: typeof commands.handle = async (stream, command, origin, complete) => {
    if (!origin.saw) return commands.handle(stream, command, origin, complete);
    const told = new Set<string>();
    const saw = (id: string) => void told.add(id);
    const outcome = await commands.handle(stream, command, { ...origin, saw }, complete);
    for (const id of told) {
      const place = placeOf(id);
      const isNew = outcome.kind === 'decided' && !outcome.replayed;
      if (place && !isNew) await tryToShow(place.stream, place.version);
      origin.saw(id);
    }
    return outcome;
  };

  return {
    ...commands,
    handle,
    journal,
    counters,
    notices,
    reconciler,
    async waitFor(stream, until, { timeoutMs = settings.OUTCOME_TIMEOUT_MS, from, saw } = {}) {
      // While it waits anyway: of a stream that is not remembered the journal is asked.
      const before = from && tryToShow(stream, lastVersionOf(from));
      const { state, version } = await waitForState({
        service,
        stream,
        notices,
        bus,
        read: () => headOf(stream),
        until,
        from,
        timeoutMs,
        pollMs: settings.OUTCOME_POLL_MS,
        time,
      });
      if (version > 0) {
        await before;
        await tryToShow(stream, version);
        saw?.(eventId(service, stream, version));
      }
      return state;
    },
    show: (stream, version) => shown.upTo(stream, version),
    unpublished: () => journal.countUnpublished(),
    refused: async () => (await journal.refused(refusedShown)).map(refusedView),
    async prepare() {
      await journal.createIndexes();
      reachCrashPoint('at-start');
      await views.catchUp();
    },
    start() {
      const readEvents = answering(journalQuestion, async ({ stream, after }) => {
        return fitting(await journal.eventsAfter(stream, after, eventsPerAnswer), bus.longestAnswerBytes());
      });
      const readStreams = answering(streamsQuestion, async ({ after }) => {
        const longest = bus.longestAnswerBytes();
        const [first, ...others] = fitting(await journal.streamsAfter(after, eventsPerAnswer), longest);
        return first ? [{ ...first, events: fitting(first.events, longest) }, ...others] : [];
      });
      bus.serve(service, 'journal.read', readEvents);
      bus.serve(service, 'journal.streams', readStreams);
      metrics.gauge('ttareungi_unpublished_decisions', 'Decisions that the broker does not have yet.', () =>
        journal.countUnpublished(),
      );
      metrics.gauge('ttareungi_refused_decisions', 'Of these, the ones that step aside because they are refused.', () =>
        journal.countRefused(),
      );
      metrics.gauge(
        'ttareungi_journal_chain_breaks',
        'Streams whose hash chain this process found broken.',
        () => broken.size,
      );
      views.start();
      relay.start();
      reconciler.start();
    },
    async close() {
      await reconciler.close();
      await relay.close();
      await views.close();
      await counters.close();
    },
  };
}

/** How often to ask the broker whether it lost anything: one small question, and a loss is refilled within seconds. */
const lookEveryMs = 2_000;
/**
 * How often a command decides again after another writer was faster. Of twenty writers of one stream one wins each
 * round, so twenty rounds serve them all; the wait before each is chance, and may grow by so much each time.
 */
const maxConflicts = 20;
const conflictDelayMs = 10;

/** Examples are enough: the metric has the count. */
const refusedShown = 10;

function refusedView({ _id, refused }: JournalDocument): RefusedDecision {
  const { because = '', times = 0, since = new Date(0) } = refused ?? {};
  return { id: _id, because, times, since: since.toISOString() };
}

const namesIn = ({ events }: JournalDocument) => events.map(({ type }) => type).join(', ');

/** An event is about 600 bytes, and an answer must fit into one message. */
const eventsPerAnswer = 200;
