import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Envelope } from '../../schema/events/envelope.ts';
import { ChainBrokenError, ContractError, UnavailableError } from '../foundation/errors.ts';
import { journalId } from '../foundation/event-id.ts';
import { chainHash, checkChain, createJournal, lastVersionOf, type JournalDocument } from './journal.ts';
import type { Runtime } from '../service/runtime.ts';
import {
  behind,
  createGate,
  createSilentTally,
  createStage,
  mongodbUri,
  originOf,
  type Stage,
} from '../service/testing.ts';
import { until } from '../../test/support/until.ts';

type Document = JournalDocument<{ note: unknown }>;
let stage: Stage;
let runtime: Runtime;
let journal: ReturnType<typeof createJournal<{ note: unknown }, Envelope>>;

beforeAll(async () => {
  stage = await createStage();
  runtime = await stage.runtime('owner');
  journal = createJournal(runtime.database);
  await journal.createIndexes();
});
afterAll(() => stage.close());

function documentOf(stream: string, version: number, more: Partial<Document> & { count?: number } = {}): Document {
  const { count = 1, ...rest } = more;
  const events = Array.from({ length: count }, (_, index) => ({ sequence: version + index }) as Envelope);
  const unchained = {
    _id: journalId(stream, version),
    stream,
    version,
    cause: `cause of ${stream}@${version}`,
    commandHash: 'hash',
    events,
    state: { note: null },
    prevHash: '',
    ...rest,
  };
  return { ...unchained, hash: chainHash(unchained), at: new Date(), published: false, ...rest };
}

/** Appends documents with this many events each, chained to each other. */
async function appendChain(stream: string, counts: number[]): Promise<Document[]> {
  const documents: Document[] = [];
  for (const count of counts) {
    const before = documents.at(-1) ?? null;
    const document = documentOf(stream, lastVersionOf(before) + 1, { count, prevHash: before?.hash ?? '' });
    await journal.append(document);
    documents.push(document);
  }
  return documents;
}

const collected = async <Item>(items: AsyncIterable<Item>) => Array.fromAsync(items);

/** Values that no rule would make, and texts of any code units. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
);
const anything = fc.oneof(
  fc.anything({
    key: fc.oneof(
      anyText,
      fc.constantFrom('$ref', '$id', 'a.b', '', '__proto__', '_bsontype', 'toBSON', 'constructor'),
    ),
    values: [
      anyText,
      fc.double(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constantFrom(null, -0, 2 ** 53, 5e-324, 2 ** 31),
    ],
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    maxDepth: 4,
  }),
  fc.jsonValue({ maxDepth: 4 }),
);

describe('a journal', () => {
  it('takes one of many documents that want the same version', async () => {
    const racing = Array.from({ length: 50 }, (_, index) => documentOf('race', 1, { cause: `racer ${index}` }));
    const taken = await Promise.all(racing.map((document) => journal.append(document)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    const winner = racing[taken.indexOf(true)];
    expect(await journal.head('race')).toMatchObject({ cause: winner?.cause });
  });

  it('takes one of many documents with the same cause, whatever their streams', async () => {
    const racing = Array.from({ length: 50 }, (_, index) =>
      documentOf(`same-cause-${index}`, 1, { cause: 'the cause' }),
    );
    const taken = await Promise.all(racing.map((document) => journal.append(document)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await journal.byCause('the cause')).toMatchObject({ stream: racing[taken.indexOf(true)]?.stream });
    expect(await journal.byCause('no cause')).toBeNull();
  });

  it('takes only what comes back as it was hashed, whatever somebody thinks of', async () => {
    let number = 0;
    const outcomes = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(anything, anything, async (note, data) => {
        const events = [{ sequence: 1, data } as Envelope];
        const document = documentOf(`anything-${(number += 1)}`, 1, { state: { note }, events });
        const taken = await journal.append(document).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ContractError);
          return false;
        });
        outcomes[taken ? 'taken' : 'refused'] += 1;
        const kept = await journal.head(document.stream);
        expect(kept === null).toBe(!taken);
        if (!kept) return;
        expect(kept.hash).toBe(document.hash);
        expect(() => checkChain([kept])).not.toThrow();
        // As the broker carries it.
        const sent = { ...document, events: JSON.parse(JSON.stringify(events)) as Envelope[] };
        expect(chainHash(sent)).toBe(document.hash);
      }),
      { numRuns: 400 },
    );
    expect(outcomes.taken).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
  });

  it.each<[string, unknown]>([
    ['half a character', 'bent wheel \ud83d'],
    ['half a character in a key', { ['k\ud800']: 1 }],
    ['NaN', NaN],
    ['infinity', -Infinity],
    ['a bigint', 5n],
    ['a date', new Date()],
    ['a map', new Map([['a', 1]])],
    ['a hole', [1, , 3]], // eslint-disable-line no-sparse-arrays
    ['undefined in a list', [undefined]],
    ['an operator as a key', { $ref: 'a', $id: 1 }],
    ['a path as a key', { 'a.b': 1 }],
    ['a key with NUL', { 'a\0b': 1 }],
    ['what BSON takes for a type', { _bsontype: 'ObjectId' }],
    ['__proto__', JSON.parse('{"__proto__": {"a": 1}}')],
    ['more levels than a database nests', Array.from({ length: 120 }).reduce((inner) => [inner], 1)],
    ['more than a message carries', 'x'.repeat(200_000)],
  ])('never takes %s', async (what, note) => {
    const given = { note, inner: [{ note }] };
    for (const [index, more] of [
      { state: { note: given } },
      { events: [{ sequence: 1, data: given } as never] },
    ].entries()) {
      const document = documentOf(`never ${what} ${index}`, 1, { ...more, hash: 'of no matter' });
      await expect(journal.append(document)).rejects.toThrow(ContractError);
      expect(await journal.head(document.stream)).toBeNull();
    }
  });

  it('gives the events after any version, also from the middle of a decision', async () => {
    await appendChain('many', [1, 8, 3, 1, 8]);
    expect(lastVersionOf(await journal.head('many'))).toBe(21);
    for (let after = 0; after <= 21; after += 1) {
      const events = await journal.eventsAfter('many', after, 100);
      expect(events.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 21 - after }, (_, index) => after + index + 1),
      );
      if (after < 21) expect((await journal.eventsAfter('many', after, 1))[0]?.sequence).toBe(after + 1);
    }
    expect(await journal.eventsAfter('unknown', 0, 100)).toEqual([]);
  });

  it('gives the newest decisions of a stream, or those up to a version', async () => {
    await appendChain('trail', [1, 2, 1, 1]);
    const versions = async (limit: number, upTo?: number) =>
      (await journal.latest('trail', limit, upTo)).map(({ version }) => version);
    expect(await versions(10)).toEqual([5, 4, 2, 1]);
    expect(await versions(2)).toEqual([5, 4]);
    expect(await versions(2, 3)).toEqual([2, 1]);
    expect(await journal.latest('nobody', 10)).toEqual([]);
  });

  it('gives no events of a stream whose chain is broken, and says so', async () => {
    const broken: string[] = [];
    const watched = createJournal(runtime.database, (stream) => broken.push(stream));
    const collection = runtime.database.collection<Document>('journal');
    await appendChain('sound', [1, 2]);
    for (const tampering of [
      { $set: { state: { note: 'changed' } } },
      { $set: { prevHash: 'of another' } },
      { $set: { hash: 'made up' } },
    ]) {
      const stream = `tampered-${broken.length}`;
      await appendChain(stream, [1, 2, 1]);
      await collection.updateOne({ _id: journalId(stream, 2) }, tampering);
      await expect(watched.eventsAfter(stream, 0, 100)).rejects.toBeInstanceOf(ChainBrokenError);
    }
    const [, second] = await appendChain('cut', [1, 1, 1]);
    await collection.deleteOne({ _id: second?._id ?? '' });
    await expect(watched.eventsAfter('cut', 0, 100)).rejects.toThrow('cut@3 does not follow');
    expect(broken).toEqual(['tampered-0', 'tampered-1', 'tampered-2', 'cut']);
    expect(await watched.eventsAfter('sound', 0, 100)).toHaveLength(3);
  });

  it('keeps the hash chain through the database, and shows when a document was changed', async () => {
    const tally = createSilentTally(runtime);
    const stream = 'chain-서울.*>';
    await tally.handle(stream, { type: 'Add', amounts: [1, -0, 0.1, 2 ** 40, Number.MAX_SAFE_INTEGER] }, originOf());
    await tally.handle(stream, { type: 'Hold', by: '따릉이 "🚲" $set.a\u0000' }, originOf());
    await tally.handle(stream, { type: 'Release' }, originOf());
    const verify = async () => {
      const documents = (await collected(tally.journal.all())).filter((document) => document.stream === stream);
      expect(documents.map(({ version }) => version)).toEqual([7, 6, 1]);
      const [, ...earlier] = documents;
      return documents.map(
        (document, index) =>
          document.hash === chainHash(document) && document.prevHash === (earlier[index]?.hash ?? ''),
      );
    };
    expect(await verify()).toEqual([true, true, true]);
    await runtime.database
      .collection('journal')
      .updateOne({ stream, version: 6 }, { $set: { 'state.holder': 'somebody else' } });
    expect(await verify()).toEqual([true, false, true]);
  });

  it('lists what was not published, oldest first, until it is marked', async () => {
    const waiting = async () => {
      const documents = await journal.unpublished(100);
      return documents.filter(({ stream }) => stream === 'outbox').map(({ version }) => version);
    };
    await journal.append(documentOf('outbox', 2, { at: new Date(2_000) }));
    await journal.append(documentOf('outbox', 3, { at: new Date(3_000) }));
    await journal.append(documentOf('outbox', 1, { at: new Date(1_000) }));
    expect(await waiting()).toEqual([1, 2, 3]);
    expect((await journal.unpublished(2)).map(({ _id }) => _id)).toEqual(['outbox@1', 'outbox@2']);
    await journal.markPublished(['outbox@1', 'outbox@3']);
    expect(await waiting()).toEqual([2]);
  });

  it('lists what was refused and is due, and what a clock that was ahead put off for too long', async () => {
    const { database } = await stage.runtime('refused');
    const refusing = createJournal<{ note: unknown }, Envelope>(database);
    await refusing.createIndexes();
    const now = new Date();
    const longestMs = 60_000;
    const waits = {
      late: -1_000,
      later: -500,
      now: 0,
      soon: 1,
      longest: longestMs,
      far: longestMs + 1,
      farther: 10 ** 9,
    };
    expect(await refusing.refusedDue(10, now, longestMs)).toEqual([]);
    for (const [stream, waitMs] of Object.entries(waits).toReversed()) {
      await refusing.append(documentOf(stream, 1));
      const refused = { because: 'too long', times: 1, since: now, until: new Date(now.getTime() + waitMs) };
      await refusing.putAside(journalId(stream, 1), refused);
    }
    await refusing.append(documentOf('not refused', 1));
    const due = ['late', 'later', 'now', 'far', 'farther'];
    for (let limit = 1; limit <= 10; limit += 1) {
      const listed = await refusing.refusedDue(limit, now, longestMs);
      expect(listed.map(({ stream }) => stream)).toEqual(due.slice(0, limit));
    }
  });

  it('knows each stream’s last published version, and those of the streams published lately', async () => {
    await journal.append(documentOf('old', 1, { at: new Date('2020-01-01'), count: 3 }));
    await journal.append(documentOf('new', 1, { at: new Date('2030-01-01') }));
    await journal.append(documentOf('new', 2, { at: new Date('2030-01-02'), count: 5 }));
    await journal.append(documentOf('new', 7, { at: new Date('2030-01-03') }));
    await journal.markPublished(['old@1']);
    const between = new Date(Date.now() + 1);
    await until('the clock goes on', () => Date.now() > between.getTime());
    await journal.markPublished(['new@1', 'new@2']);
    const all = await collected(journal.lastPublished());
    expect(all).toEqual(
      expect.arrayContaining([
        { stream: 'old', version: 3 },
        { stream: 'new', version: 6 },
      ]),
    );
    expect(new Set(all.map(({ stream }) => stream)).size).toBe(all.length);
    for (const aheadMs of [-600_000, -1, 0, 1, 600_000, 86_400_000]) {
      const lately = { since: between, now: new Date(Date.now() + aheadMs) };
      const last = await collected(journal.lastPublished(lately));
      // Whatever this process takes for now: the database dates the marks.
      expect({ aheadMs, last }).toEqual({ aheadMs, last: [{ stream: 'new', version: 6 }] });
    }
  });

  it('knows what was published lately however much it was, each stream once', async () => {
    const since = new Date();
    const streams = Array.from({ length: 700 }, (_, index) => `busy-${index}`);
    for (const version of [1, 4]) {
      for (const stream of streams) void journal.append(documentOf(stream, version, { count: 3 }));
      await journal.append(documentOf('busy-last', version, { count: 3 }));
      await journal.markPublished([...streams, 'busy-last'].map((stream) => `${stream}@${version}`));
    }
    const found = await collected(journal.lastPublished({ since, now: new Date(Date.now() + 5_000) }));
    const busy = found.filter(({ stream }) => stream.startsWith('busy-'));
    expect(busy).toHaveLength(streams.length + 1);
    expect(new Set(busy.map(({ version }) => version))).toEqual(new Set([6]));
    expect(new Set(found.map(({ stream }) => stream)).size).toBe(found.length);
  });

  it('says that it does not know when the database does not answer', async () => {
    const gate = stage.keep(await createGate(mongodbUri()));
    const remote = await stage.runtime('owner', behind(gate));
    const away = createJournal<{ note: unknown }, Envelope>(remote.database);
    await gate.shut();
    await expect(away.append(documentOf('away', 1))).rejects.toBeInstanceOf(UnavailableError);
    await gate.open();
  });
});
