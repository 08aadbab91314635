import type { Envelope } from '../../schema/events/envelope.ts';
import {
  eventSubject,
  eventsBetween,
  publisherOf,
  reachCrashPoint,
  UnavailableError,
  type Retry,
  type Runtime,
  type StreamEvents,
} from '../../platform/index.ts';
import { createBuilder, type Item } from './builder.ts';
import { createComparison, fingerprintOf, fingerprintText, type Comparison, type Difference } from './comparison.ts';
import type { Feed } from './feed.ts';
import type { Totals } from './projections.ts';
import type { ReadModels } from './read-models.ts';
import { namedRows } from './row-keys.ts';

/** Rebuilds the view from the owners' journals while the live one serves, then replaces it. */
export interface RebuildOptions {
  /** The generation to build; no other process writes it. */
  generation: number;
  /** Switch although the two differ. */
  acceptDifference: boolean;
  feed: Feed;
  models: ReadModels;
  bus: Runtime['bus'];
  publishers: readonly string[];
  /** What operators discarded, as `<subject>#<version>`. */
  discarded(): Promise<Set<string>>;
  patience: Retry;
  flushRows: number;
  /** How long other replicas commit nothing, to let the switch through. */
  switchMs: number;
  progress(known: Partial<RebuildProgress>): void;
  /** Stores the result of the comparison before the switch. @throws {Error} when another process has taken over. */
  compared(found: Compared): Promise<void>;
}

export interface RebuildProgress {
  status: 'filling' | 'comparing';
  /** Events in the rebuilt view. */
  events: number;
  /** Events in the live one when it began. */
  totalEvents: number;
}

export interface Compared {
  differences: number;
  /** Some of them. */
  examples: Difference[];
  liveHash: string;
  rebuiltHash: string;
}

/** The feed's version with which the rebuilt rows became live; null when they differ and difference is not accepted. */
export async function rebuildView(options: RebuildOptions): Promise<number | null> {
  const { generation, feed, models, bus, patience, progress } = options;
  const rows = models.rows(generation);
  const live = models.live();
  let isPatient = true;
  async function retry<Result>(work: () => Promise<Result>): Promise<Result> {
    if (patience.ended) throw new UnavailableError('closing');
    return isPatient ? patience.whileUnavailable(work) : work();
  }
  let discarded = await retry(() => options.discarded());
  /** Rows that either side changed since their comparison. */
  const touched = new Set<string>();
  const builder = createBuilder({
    rows,
    isDiscarded: (subject, version) => discarded.has(`${subject}#${version}`),
    flushRows: options.flushRows,
    written(rowName) {
      if (comparison) touched.add(rowName);
    },
  });
  let comparison: Comparison | undefined;
  let applying: Promise<unknown> = Promise.resolve();
  let followed = 0;

  /** One page after the other, across publishers. */
  function apply(items: Item[]): Promise<void> {
    const applied = applying.then(() => retry(() => builder.apply(items)));
    applying = applied.catch(() => undefined);
    return applied.then(() => progress({ events: builder.events() }));
  }

  async function fillFrom(publisher: string): Promise<void> {
    const ask = (after: string) => {
      const asked = retry(() => bus.ask(publisher, 'journal.streams', { after })) as Promise<StreamEvents[]>;
      // Awaited one page later.
      asked.catch(() => undefined);
      return asked;
    };
    for (let page = await ask(''); page.length > 0;) {
      const next = ask(page.at(-1)?.stream ?? '');
      await fillPage(publisher, page);
      page = await next;
    }
  }

  /** Events that the live view does not have yet come later, with its commits. */
  async function fillPage(publisher: string, page: StreamEvents[]): Promise<void> {
    const subjects = page.map(({ stream }) => eventSubject(bus.subjectPrefix, publisher, stream));
    const ends = await retry(() => live.find('position', subjects));
    const items: Item[] = [];
    const behind = new Map<string, number>();
    page.forEach(({ events }, index) => {
      const subject = subjects[index] ?? '';
      const end = ends.get(subject)?.version ?? 0;
      for (const event of events) if (event.sequence <= end) items.push(itemOf(subject, event));
      if (end > (events.at(-1)?.sequence ?? 0)) behind.set(subject, end);
    });
    await apply(items);
    await fetchUpTo(behind);
  }

  async function fetchUpTo(ends: Map<string, number>): Promise<void> {
    const positions = await retry(() => builder.positions([...ends.keys()]));
    const waiting = [...ends].filter(([subject, end]) => end > (positions.get(subject) ?? 0)).values();
    const fetchNext = async () => {
      for (const [subject, end] of waiting) await fetchStream(subject, positions.get(subject) ?? 0, end);
    };
    await Promise.all(Array.from({ length: streamsAtOnce }, fetchNext));
  }

  async function fetchStream(subject: string, position: number, end: number): Promise<void> {
    const place = publisherOf(bus.subjectPrefix, subject);
    const isDiscarded = (version: number) => discarded.has(`${subject}#${version}`);
    let known = end;
    // The owner may never have decided what was discarded.
    while (known > position && isDiscarded(known)) known -= 1;
    await retry(async () => {
      let events: Item[] = [];
      for await (const event of eventsBetween(bus, place, position, known + 1)) {
        events.push(itemOf(subject, event));
        if (events.length < eventsAtOnce) continue;
        await apply(events);
        events = [];
      }
      for (let version = known + 1; version <= end; version += 1) events.push({ subject, version, event: null });
      await apply(events);
    });
  }

  /** Brings the rebuilt rows up to this commit of the live ones. */
  async function follow(version: number): Promise<void> {
    const ends = new Map<string, number>();
    while (followed < version) {
      const commits = await retry(() => models.feedAfter(followed, commitsAtOnce));
      for (const commit of commits) {
        if (commit._id > version) break;
        for (const [name] of namedRows(commit)) touched.add(name);
        for (const { subject, version: end } of commit.positions) ends.set(subject, end);
        followed = commit._id;
      }
      if (commits.length === 0) throw new Error(`The feed has no commit ${followed + 1}.`);
    }
    if (ends.size > 0) discarded = await retry(() => options.discarded());
    await fetchUpTo(ends);
    await retry(() => builder.flush());
  }

  async function compareAgain(comparing: Comparison): Promise<void> {
    const names = [...touched];
    await comparing.again(names);
    for (const name of names) touched.delete(name);
  }

  async function resultOf(comparing: Comparison, totals: Totals): Promise<Compared> {
    const rebuilt = builder.totals();
    const prints = { live: fingerprintOf('totals', totals), rebuilt: fingerprintOf('totals', rebuilt) };
    const examples = await comparing.examples();
    const isOff = prints.live !== prints.rebuilt;
    if (isOff) {
      examples.unshift({ kind: 'totals', key: '', live: JSON.stringify(totals), rebuilt: JSON.stringify(rebuilt) });
    }
    return {
      differences: comparing.count() + Number(isOff),
      examples,
      liveHash: fingerprintText(comparing.liveFingerprint(builder.fingerprint()) + prints.live),
      rebuiltHash: fingerprintText(builder.fingerprint() + prints.rebuilt),
    };
  }

  async function fill(): Promise<void> {
    await retry(async () => {
      await rows.prepare();
      await feed.catchUp();
      followed = feed.head().version;
      progress({ status: 'filling', totalEvents: await live.events() });
    });
    await Promise.all(options.publishers.map(fillFrom));
    const subjects = new Set(Array.from(discarded, (place) => place.slice(0, place.lastIndexOf('#'))));
    const ends = await retry(() => live.find('position', [...subjects]));
    await fetchUpTo(new Map(Array.from(ends.values(), ({ subject, version }) => [subject, version])));
    await followLive();
  }

  async function followLive(): Promise<void> {
    await retry(() => feed.catchUp());
    await follow(feed.head().version);
  }

  /** Both sides go on meanwhile: changed rows are compared again, until few are left. */
  async function compareAll(): Promise<Comparison> {
    progress({ status: 'comparing' });
    comparison = createComparison(live, rows);
    const comparing = comparison;
    await retry(() => comparing.all());
    for (let rounds = 0; rounds < mostRounds && (rounds === 0 || touched.size > fewRows); rounds += 1) {
      await followLive();
      await retry(() => compareAgain(comparing));
    }
    return comparing;
  }

  /** Runs while this replica commits nothing: an owner that is away must not delay it. */
  async function settle(
    comparing: Comparison,
    at: { version: number; totals: Totals },
  ): Promise<Totals | 'differs' | 'later'> {
    if (models.live() !== live) return 'later';
    isPatient = false;
    try {
      await follow(at.version);
      await compareAgain(comparing);
      const result = await resultOf(comparing, at.totals);
      const isRefused = result.differences > 0 && !options.acceptDifference;
      // A difference is not counted when another replica has just committed.
      if (isRefused && (await models.feedAfter(at.version, 1)).length > 0) return 'later';
      await options.compared(result);
      reachCrashPoint('before-switch');
      return isRefused ? 'differs' : builder.totals();
    } finally {
      isPatient = true;
    }
  }

  await fill();
  const comparing = await compareAll();
  // Repeats until no other replica commits in between.
  for (;;) {
    const ending = { isRefused: false };
    const version = await retry(() =>
      feed.switchTo(generation, options.switchMs, async (at) => {
        const settled = await settle(comparing, at);
        ending.isRefused = settled === 'differs';
        return typeof settled === 'string' ? null : settled;
      }),
    );
    if (version !== null || ending.isRefused) return version;
    const now = models.live();
    // An insert without an answer had reached the database.
    if (now === rows) return feed.head().version;
    if (now !== live) throw new Error(`Generation ${now.generation} became live meanwhile.`);
  }
}

const itemOf = (subject: string, event: Envelope): Item => ({ subject, version: event.sequence, event });

const streamsAtOnce = 16;
const eventsAtOnce = 200;
const commitsAtOnce = 200;
/** Few enough to be compared while nothing is committed. */
const fewRows = 200;
const mostRounds = 20;
