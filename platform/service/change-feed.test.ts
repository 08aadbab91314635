import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Envelope } from '../../schema/events/envelope.ts';
import type { JournalDocument } from '../event-core/journal.ts';
import { otherSpellings } from '../../test/support/spellings.ts';
import { UnavailableError } from '../foundation/errors.ts';
import { eventId, journalId } from '../foundation/event-id.ts';
import type { StoredMessage } from '../messaging/event-stream.ts';
import { createNotices } from './await-outcome.ts';
import { createChangeFeed, type ChangeFeed, type Told, type Wish } from './change-feed.ts';

type Document = JournalDocument<number>;
/** What subscribers see of a decision. */
interface Seen {
  stream: string;
  version: number;
}

const service = 'tally';
/** The broker knows ids for so long: a copy of a message comes later than that. */
const windowMs = 600_000;

/** A journal and a broker that everybody shares, with a clock that a test moves. */
function createServers() {
  let now = Date.parse('2026-11-27T00:00:00.000Z');
  const journal = new Map<string, Document[]>();
  let log: StoredMessage[] = [];
  let isAway = false;
  /** Of the journal, from now on. */
  let failures = 0;
  let skipped = 0;
  const hearers = new Set<(event: Envelope) => void>();
  const connected: (() => void)[] = [];
  const polls = new Set<() => void>();
  const documentsOf = (stream: string) => journal.get(stream) ?? [];
  const lastOf = ({ version, events }: Document) => version + events.length - 1;

  function decide(stream: string, size: number): Document {
    const documents = documentsOf(stream);
    const before = documents.at(-1);
    const version = before ? lastOf(before) + 1 : 1;
    const events = Array.from({ length: size }, (_, index) => {
      const id = eventId(service, stream, version + index);
      return { id, subject: stream, sequence: version + index, type: 'Counted' } as unknown as Envelope;
    });
    const made = { _id: journalId(stream, version), stream, version, events, state: version, at: new Date(now) };
    const document = { ...made, published: false } as unknown as Document;
    journal.set(stream, [...documents, document]);
    return document;
  }

  function store(event: Envelope, isHeard: boolean): void {
    now += 1;
    log.push({ sequence: (log.at(-1)?.sequence ?? 0) + 2 + skipped, storedAt: new Date(now).toISOString(), event });
    skipped = 0;
    if (isHeard) for (const hear of hearers) hear(event);
  }

  return {
    decide,
    journal,
    polls,
    get log() {
      return log;
    },
    set log(messages) {
      log = messages;
    },
    get away() {
      return isAway;
    },
    set away(value) {
      isAway = value;
    },
    set failures(count: number) {
      failures = count;
    },
    pass: (ms: number) => void (now += ms),
    hearers,
    connected,
    /** Leaves places to other services' messages. */
    skip: (places: number) => void (skipped += places),
    publish(document: Document, isHeard: boolean): void {
      for (const event of document.events) store(event, isHeard);
      document.published = true;
      document.publishedAt = new Date(now + 5);
    },
    repeat(event: Envelope): void {
      now += windowMs + 1;
      store(event, true);
    },
    feed(mostKept?: number) {
      const notices = createNotices<number, Envelope>();
      const mine = new Set<() => void>();
      const read = { messages: 0, documents: 0 };
      const up = async <Value>(value: () => Value): Promise<Value> => {
        if (isAway) throw new UnavailableError('away');
        return value();
      };
      const mayFail = () => {
        if (failures > 0 && (failures -= 1) >= 0) throw new UnavailableError('The journal is away.');
      };
      const feed = createChangeFeed<number, Envelope, Seen>({
        service,
        notices,
        ...(mostKept === undefined ? {} : { mostKept }),
        journal: {
          containing: async (events) => {
            mayFail();
            read.documents += 1;
            const all = [...journal.values()].flat();
            return structuredClone(
              all.filter(({ stream, version, events: { length } }) =>
                events.some((one) => one.stream === stream && one.version >= version && one.version < version + length),
              ),
            );
          },
          latest: async (stream, limit, upTo = Infinity) => {
            mayFail();
            read.documents += 1;
            const found = documentsOf(stream).filter(({ version }) => version <= upTo);
            return structuredClone(found.toReversed().slice(0, limit));
          },
        },
        bus: {
          nextStored: (_service, stream, sequence) =>
            up(() => {
              read.messages += 1;
              const isWanted = ({ event }: StoredMessage) => stream === null || event?.subject === stream;
              return log.slice(placeIn(log, sequence)).find(isWanted) ?? null;
            }),
          lastStored: () => up(() => log.at(-1) ?? null),
          onConnected: (listener) => void connected.push(listener),
          listen(_service, _stream, hear) {
            hearers.add(hear);
            return () => hearers.delete(hear);
          },
        },
        time: {
          now: () => now,
          wait: async (ms) => {
            now += ms;
            await new Promise((resolve) => setImmediate(resolve));
          },
          after: () => () => undefined,
          every(_ms, call) {
            mine.add(call);
            polls.add(call);
            return () => polls.delete(call);
          },
        },
        changeIn: ({ stream, version }) => (stream.startsWith('quiet') ? undefined : { stream, version }),
      });
      return { feed, notices, read };
    },
  };
}

/** The index of the first message at this place or after it. */
function placeIn(log: StoredMessage[], sequence: number): number {
  let [low, high] = [0, log.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((log[middle]?.sequence ?? 0) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Servers = ReturnType<typeof createServers>;

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Everybody looks, and takes what there is. */
async function settle({ polls }: Servers): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    for (const poll of polls) poll();
    await turns(25);
  }
}

/** Takes what comes until it is told to stop; `ended` is why it ended before. */
function collect(items: AsyncIterableIterator<Told<Seen>>) {
  const told: Told<Seen>[] = [];
  const collected = { told, ended: undefined as unknown, stop: () => void items.return?.() };
  void (async () => {
    try {
      for await (const one of items) told.push(one);
    } catch (error) {
      collected.ended = error;
    }
  })();
  return collected;
}

const everything: Omit<Wish<Seen>, 'after'> = { name: 'everything', wants: () => true };
const ofStream = (stream: string): Omit<Wish<Seen>, 'after'> => ({
  name: stream,
  wants: (seen) => seen.stream === stream,
  streamsSince: () => Promise.resolve([stream]),
});

/** What the log tells, read from its beginning to its end. */
function toldBy({ log, journal }: Servers): string[] {
  const positions = new Map<string, number>();
  return log.flatMap(({ event }) => {
    const { subject = '', sequence = 0 } = event ?? {};
    const before = positions.get(subject) ?? 0;
    const documents = (journal.get(subject) ?? []).filter(({ version }) => version > before && version <= sequence);
    const last = documents.at(-1);
    if (last) positions.set(subject, last.version + last.events.length - 1);
    return documents.map(({ version }) => journalId(subject, version));
  });
}

const names = (told: Told<Seen>[]) => told.map(({ value }) => journalId(value.stream, value.version));

const steps = fc.array(
  fc.oneof(
    {
      arbitrary: fc.record({
        kind: fc.constant('decide' as const),
        of: fc.nat(2),
        size: fc.integer({ min: 1, max: 2 }),
      }),
      weight: 6,
    },
    {
      arbitrary: fc.record({ kind: fc.constant('publish' as const), pick: fc.nat(20), isHeard: fc.boolean() }),
      weight: 6,
    },
    { arbitrary: fc.record({ kind: fc.constant('reconnect' as const), who: fc.nat(2), back: fc.nat(3) }), weight: 4 },
    { arbitrary: fc.record({ kind: fc.constant('restart' as const) }), weight: 2 },
    {
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(10, 3_000, 15_000, 90_000) }),
      weight: 2,
    },
    { arbitrary: fc.record({ kind: fc.constant('repeat' as const), pick: fc.nat(20) }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant('settle' as const) }), weight: 2 },
  ),
  { maxLength: 40 },
);

describe('a feed of changes', () => {
  it('tells each change once and in one order, wherever and whenever a subscriber comes back', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const servers = createServers();
        let instances = [servers.feed(), servers.feed()];
        const at = (number: number) => instances[number % 2]?.feed as ChangeFeed<Seen>;
        const wishes = [everything, ofStream('s0'), everything];
        // A message for the first cursor to stand at.
        const first = servers.decide('s0', 1);
        const before = await Promise.all(wishes.map((wish, who) => at(who).follow({ ...wish, after: null })));
        const readers = before.map((items) => ({ told: [] as Told<Seen>[], now: collect(items) }));
        servers.publish(first, true);
        await settle(servers);
        let unpublished: Document[] = [];
        for (const [number, step] of given.entries()) {
          if (step.kind === 'decide') unpublished.push(servers.decide(`s${step.of}`, step.size));
          if (step.kind === 'pass') servers.pass(step.ms);
          if (step.kind === 'settle') await settle(servers);
          if (step.kind === 'publish') {
            const document = unpublished[step.pick % unpublished.length];
            if (document) servers.publish(document, step.isHeard);
            unpublished = unpublished.filter((one) => one !== document);
          }
          if (step.kind === 'repeat') {
            const message = servers.log[step.pick % servers.log.length];
            if (message?.event) servers.repeat(message.event);
          }
          if (step.kind === 'restart') {
            const [old, other] = instances;
            if (!old || !other) continue;
            old.feed.close();
            instances = [servers.feed(), other];
          }
          if (step.kind === 'reconnect' || step.kind === 'restart') {
            for (const [who, reader] of readers.entries()) {
              if (step.kind === 'reconnect' && step.who !== who) continue;
              reader.now.stop();
              const all = [...reader.told, ...reader.now.told];
              // It may have lost the last ones on their way.
              reader.told = all.slice(0, Math.max(1, all.length - (step.kind === 'reconnect' ? step.back : 0)));
              const after = reader.told.at(-1)?.cursor ?? null;
              const wish = wishes[who] ?? everything;
              const coming = at(number + who).follow({ ...wish, after });
              reader.now = collect(await coming);
            }
          }
        }
        for (const document of unpublished) servers.publish(document, false);
        await settle(servers);
        await settle(servers);
        const expected = toldBy(servers);
        const told = readers.map(({ told: earlier, now }) =>
          [...names([...earlier, ...now.told]), now.ended].filter(Boolean),
        );
        for (const { feed } of instances) feed.close();
        expect(told).toEqual([expected, expected.filter((name) => name.startsWith('s0@')), expected]);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 100) },
    );
  });

  const follow = (feed: ChangeFeed<Seen>, wish: Omit<Wish<Seen>, 'after'>, after: string | null) =>
    feed.follow({ ...wish, after });

  /** A subscriber, who was told one change. */
  async function begun(servers = createServers()) {
    const made = servers.feed();
    const all = collect(await follow(made.feed, everything, null));
    servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    return { servers, ...made, all, cursor: all.told[0]?.cursor ?? '' };
  }

  it.each(['', 'x', 'MS4x', '한글', '0'.repeat(500), '\u0000', 'eyJhIjoxfQ', 'of another'])(
    'refuses what is no cursor of the subscription: %j',
    async (given) => {
      const { servers, feed, cursor } = await begun();
      const after = given === 'of another' ? cursor : given;
      const other = ofStream('s0');
      await expect(follow(feed, other, after)).rejects.toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
      expect(servers.log).toHaveLength(1);
    },
  );

  it('takes a cursor in the one spelling that it gave', async () => {
    const { feed, cursor } = await begun();
    const others = otherSpellings(cursor);
    expect(others.length).toBeGreaterThan(2);
    for (const after of others) {
      await expect(follow(feed, everything, after)).rejects.toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    }
    expect(collect(await follow(feed, everything, cursor)).told).toEqual([]);
  });

  it('says so when too much happened since the cursor', async () => {
    const { servers, cursor } = await begun();
    servers.skip(60_000);
    servers.publish(servers.decide('s0', 1), true);
    const expired = { extensions: { code: 'CURSOR_EXPIRED' } };
    await expect(follow(servers.feed().feed, everything, cursor)).rejects.toMatchObject(expired);
    const tooMany = { ...everything, streamsSince: () => Promise.resolve(null) };
    await expect(follow(servers.feed().feed, tooMany, cursor)).rejects.toMatchObject(expired);
  });

  it('goes back however far for one who follows a few streams', async () => {
    const { servers, feed } = await begun();
    const mine = collect(await follow(feed, ofStream('s0'), null));
    servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    servers.skip(60_000);
    servers.publish(servers.decide('s1', 1), true);
    servers.publish(servers.decide('s0', 2), true);
    const again = collect(await follow(servers.feed().feed, ofStream('s0'), mine.told[0]?.cursor ?? ''));
    await settle(servers);
    expect(names(again.told)).toEqual(['s0@3']);
  });

  it('misses nothing that is decided while it asks on which streams there was something', async () => {
    const { servers, feed } = await begun();
    const isMine = ({ stream }: Seen) => stream !== 's1';
    const mine = collect(await follow(feed, { name: 'mine', wants: isMine }, null));
    servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    servers.publish(servers.decide('s0', 1), true);
    const wish = {
      name: 'mine',
      wants: isMine,
      async streamsSince() {
        for (const stream of ['s0', 's1', 's9']) servers.publish(servers.decide(stream, 1), true);
        await settle(servers);
        return ['s0'];
      },
    };
    const again = collect(await follow(servers.feed().feed, wish, mine.told[0]?.cursor ?? ''));
    await settle(servers);
    expect(names(again.told)).toEqual(['s0@3', 's0@4', 's9@1']);
  });

  it('says so when the broker loses its store while it asks on which streams there was something', async () => {
    const { servers, feed } = await begun();
    const mine = collect(await follow(feed, ofStream('s0'), null));
    servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    servers.publish(servers.decide('s0', 1), true);
    const wish = {
      ...ofStream('s0'),
      async streamsSince() {
        servers.log = [];
        await settle(servers);
        return ['s0'];
      },
    };
    const coming = follow(servers.feed().feed, wish, mine.told[0]?.cursor ?? '');
    await expect(coming).rejects.toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
  });

  it('says so when what was kept is forgotten while it reads what is older', async () => {
    const { servers, cursor } = await begun();
    for (let count = 0; count < 40; count += 1) servers.publish(servers.decide('quiet', 1), false);
    const { feed } = servers.feed(10);
    await follow(feed, everything, null);
    for (let count = 0; count < 11; count += 1) servers.publish(servers.decide('s1', 1), true);
    await settle(servers);
    const coming = follow(feed, everything, cursor);
    servers.publish(servers.decide('s1', 1), true);
    await expect(coming).rejects.toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
  });

  it('ends for a subscriber who takes nothing while more comes than is kept', async () => {
    const servers = createServers();
    const { feed } = servers.feed(10);
    const items = await follow(feed, everything, null);
    const awake = collect(await follow(feed, everything, null));
    for (let count = 0; count < 30; count += 1) servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    expect(awake.told).toHaveLength(30);
    await expect(items.next()).rejects.toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
    // What is no longer kept is read again.
    const again = collect(await follow(feed, everything, awake.told[22]?.cursor ?? ''));
    await settle(servers);
    expect(names(again.told)).toEqual(names(awake.told.slice(23)));
  });

  it('asks the journal for nothing that this process has decided, and the broker once', async () => {
    const { servers, feed, notices, read, all } = await begun();
    for (let version = 2; version <= 11; version += 1) {
      const before = { ...read };
      const document = servers.decide('s0', 1);
      notices.notify(document);
      servers.publish(document, true);
      await turns(10);
      expect([read.documents - before.documents, read.messages - before.messages]).toEqual([0, 1]);
    }
    expect(all.told).toHaveLength(11);
    feed.close();
  });

  it.each(['all of it', 'the newest'])('outlives a broker that loses %s of what it had', async (lost) => {
    const { servers, all } = await begun();
    for (let count = 0; count < 5; count += 1) servers.publish(servers.decide(`s${count % 2}`, 1), true);
    await settle(servers);
    servers.log = lost === 'all of it' ? [] : servers.log.slice(0, 3);
    await settle(servers);
    // What is missing is published again, long after it was decided.
    servers.pass(60_000);
    const kept = new Set(servers.log.map(({ event }) => event?.id));
    const events = [...servers.journal.values()].flat().flatMap((document) => document.events);
    for (const event of events) if (!kept.has(event.id)) servers.repeat(event);
    servers.publish(servers.decide('s1', 2), true);
    servers.publish(servers.decide('s7', 1), true);
    await settle(servers);
    expect(names(all.told)).toEqual(['s0@1', 's0@2', 's1@1', 's0@3', 's1@2', 's0@4', 's1@3', 's7@1']);
    const gone = all.told[5]?.cursor ?? '';
    const expired = { extensions: { code: 'CURSOR_EXPIRED' } };
    await expect(follow(servers.feed().feed, everything, gone)).rejects.toMatchObject(expired);
    const again = collect(await follow(servers.feed().feed, everything, all.told[6]?.cursor ?? ''));
    await settle(servers);
    expect(names(again.told)).toEqual(['s7@1']);
  });

  it('tells what comes to a broker that lost everything, at places that it has read before', async () => {
    const { servers, all } = await begun();
    for (let count = 0; count < 5; count += 1) servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    servers.log = [];
    await settle(servers);
    servers.publish(servers.decide('s7', 1), true);
    await settle(servers);
    expect(names(all.told).at(-1)).toBe('s7@1');
  });

  it('tells what came first to a broker that lost everything, though it has grown past the place since', async () => {
    const { servers, all } = await begun();
    servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    servers.log = [];
    for (const reconnected of servers.connected) reconnected();
    for (let count = 1; count <= 5; count += 1) servers.publish(servers.decide(`s${count}`, 1), count === 5);
    await turns(25);
    expect(names(all.told).slice(-5)).toEqual(['s1@1', 's2@1', 's3@1', 's4@1', 's5@1']);
  });

  it('tells a decision of two events once, though it begins between their messages', async () => {
    const { servers, all } = await begun();
    const { events, ...decision } = servers.decide('s0', 2);
    servers.publish({ ...decision, events: events.slice(0, 1) }, true);
    await settle(servers);
    const again = collect(await follow(servers.feed().feed, everything, all.told.at(-1)?.cursor ?? ''));
    servers.publish({ ...decision, events: events.slice(1) }, true);
    await settle(servers);
    expect([names(all.told), names(again.told)]).toEqual([['s0@1', 's0@2'], []]);
  });

  it('tells what it could not read at first when the journal is there again', async () => {
    const { servers, notices, all } = await begun();
    for (const failures of [0, 1, 2, 3]) {
      // The second of two comes first, and is of this process: the first is read with it, and that fails.
      const [first, second] = [servers.decide('s0', 1), servers.decide('s0', 1)];
      if (failures % 2 === 1) notices.notify(second);
      servers.failures = failures;
      servers.publish(second, true);
      for (let round = 0; round < 4; round += 1) await settle(servers);
      servers.publish(first, true);
      servers.publish(servers.decide(`s${failures}`, 2), true);
      await settle(servers);
    }
    expect(names(all.told)).toEqual(toldBy(servers));
  });

  it('waits for a broker that is away at its start, but not for ever', async () => {
    const servers = createServers();
    servers.away = true;
    const { feed } = servers.feed();
    await expect(follow(feed, everything, null)).rejects.toThrow(UnavailableError);
    const coming = follow(feed, everything, null);
    await turns(3);
    servers.away = false;
    const all = collect(await coming);
    servers.publish(servers.decide('s0', 1), true);
    await settle(servers);
    expect(names(all.told)).toEqual(['s0@1']);
  });

  it('leaves nothing behind when it is closed', async () => {
    const { servers, feed } = await begun();
    const items = await follow(feed, everything, null);
    const waiting = items.next();
    feed.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect([servers.polls.size, servers.hearers.size]).toEqual([0, 0]);
  });
});
