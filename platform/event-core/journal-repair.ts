import { createHash } from 'node:crypto';
import type { Connection } from 'mongoose';
import { canonicalJson } from './canonical-json.ts';
import { chainHash, hashed, lastVersionOf, type JournalDocument } from './journal.ts';

/**
 * Repairs hash chains that were broken by text, not by tampering: before texts were validated at the edge, half a
 * surrogate pair was hashed as it came and stored as U+FFFD. The hash still proves the original text, so a document
 * that was changed in any other way is detected and left alone.
 */
export interface RepairDesk {
  /** What is wrong with the journal's streams; sound ones are left out. */
  findings(): AsyncIterable<Finding>;
  /**
   * Recomputes the links of a stream's documents, from the first that text broke. The repair is logged before and after
   * (`journal_repairs`), and resumes where it was interrupted. No instance of the service may run.
   * @throws {Error} when a document is not as it was found.
   */
  repair(finding: Broken, by: string): Promise<void>;
}

export interface Broken {
  kind: 'broken by text';
  stream: string;
  links: Link[];
}

export interface Tampered {
  kind: 'tampered with';
  stream: string;
  because: string;
}

export type Finding = Broken | Tampered;

/** A document's place in the chain, as it is and as it will be. */
interface Link {
  _id: string;
  before: { prevHash: string; hash: string };
  after: { prevHash: string; hash: string };
  /** The original of each U+FFFD, as JSON escapes; null where there was none. */
  stood: string[] | null;
}

interface RepairRecord extends Omit<Broken, 'kind'> {
  _id: string;
  by: string;
  at: Date;
  finishedAt: Date | null;
}

const replacement = '\uFFFD';
const escapeOf = (unit: number) => `\\u${unit.toString(16)}`;
/** Possible originals: any half of a surrogate pair, or U+FFFD itself. */
const candidates = [replacement, ...Array.from({ length: 0xe000 - 0xd800 }, (_, index) => escapeOf(0xd800 + index))];

const majority = { writeConcern: { w: 'majority', j: true } } as const;

export function createRepairDesk(database: Connection, clock: () => Date): RepairDesk {
  const journal = database.collection<JournalDocument>('journal');
  const records = database.collection<RepairRecord>('journal_repairs');

  /** Stream by stream, oldest first. */
  async function* streams(): AsyncGenerator<JournalDocument[]> {
    let stream: JournalDocument[] = [];
    for await (const document of journal.find().sort({ stream: 1, version: -1 })) {
      if (stream[0] && stream[0].stream !== document.stream) {
        yield stream.toReversed();
        stream = [];
      }
      stream.push(document);
    }
    if (stream.length > 0) yield stream.toReversed();
  }

  return {
    async *findings() {
      const unfinished = new Map<string, Broken>();
      for await (const { stream, links } of records.find({ finishedAt: null })) {
        unfinished.set(stream, { kind: 'broken by text', stream, links });
      }
      for await (const documents of streams()) {
        const finding = unfinished.get(documents[0]?.stream ?? '') ?? inspect(documents);
        if (finding) yield finding;
      }
    },
    async repair({ stream, links }, by) {
      const _id = `${stream}@${links[0]?.after.hash}`;
      const record = { stream, links, by, at: clock(), finishedAt: null };
      await records.updateOne({ _id }, { $setOnInsert: record }, { upsert: true, ...majority });
      for (const { _id: id, before, after } of links) {
        const known = { _id: id, hash: { $in: [before.hash, after.hash] } };
        const { matchedCount } = await journal.updateOne(known, { $set: after }, majority);
        if (matchedCount !== 1) throw new Error(`${id} is not as it was found: does the service still run?`);
      }
      const left = inspect(await journal.find({ stream }).sort({ version: 1 }).toArray());
      if (left) throw new Error(`${stream} is not whole after its repair: does the service still run?`);
      await records.updateOne({ _id }, { $set: { finishedAt: clock() } }, majority);
    },
  };
}

/** @param documents all of one stream, oldest first. @returns null when they are sound. */
export function inspect(documents: readonly JournalDocument[]): Finding | null {
  const links: Link[] = [];
  const seen = new Map<string, string>();
  let last: { document: JournalDocument; hash: string } | undefined;
  for (const document of documents) {
    const { _id, stream, prevHash, hash, version } = document;
    const no = (because: string): Tampered => ({ kind: 'tampered with', stream, because });
    if (prevHash !== (last?.document.hash ?? '') || version !== lastVersionOf(last?.document ?? null) + 1) {
      return no(`${_id} does not follow what stands before it.`);
    }
    const stood = chainHash(document) === hash ? null : whatStood(document, seen);
    if (stood === undefined) return no(`${_id} was changed.`);
    const after = { prevHash: last?.hash ?? '', hash: '' };
    after.hash = chainHash({ ...document, prevHash: after.prevHash });
    if (after.hash !== hash) links.push({ _id, before: { prevHash, hash }, after, stood });
    last = { document, hash: after.hash };
  }
  const stream = documents[0]?.stream ?? '';
  return links.length > 0 ? { kind: 'broken by text', stream, links } : null;
}

/**
 * The originals of the U+FFFDs, proved by the document's hash; undefined when no candidate matches. The candidates: the
 * original in the same text of an earlier document, one unit for all places, and every pair where at most two can
 * differ.
 * @param seen by place: receives what is found.
 */
function whatStood(document: JournalDocument, seen: Map<string, string>): string[] | undefined {
  const [head = '', ...parts] = canonicalJson(hashed(document)).split(replacement);
  if (parts.length === 0) return undefined;
  const places = placesIn(hashed(document));
  const fits = (units: readonly string[]) => {
    const hash = createHash('sha256').update(head);
    parts.forEach((part, index) => hash.update(`${units[index]}${part}`));
    return hash.digest('hex') === document.hash;
  };
  const found = attempts(places, seen).find(fits);
  found?.forEach((unit, index) => seen.set(places[index] ?? '', unit));
  return found;
}

function* attempts(places: readonly string[], seen: ReadonlyMap<string, string>): Generator<string[]> {
  for (const unit of candidates) yield places.map((place) => seen.get(place) ?? unit);
  for (const unit of candidates) yield places.map(() => unit);
  const [one, other, more] = new Set(places.filter((place) => !seen.has(place)));
  if (one === undefined || other === undefined || more !== undefined) return;
  for (const first of candidates) {
    for (const second of candidates) yield places.map((place) => seen.get(place) ?? (place === one ? first : second));
  }
}

/** Where U+FFFD occurs in a value, in the order of its canonical JSON: its text, and its index in that text. */
function placesIn(value: unknown): string[] {
  if (typeof value === 'string')
    return value
      .split(replacement)
      .slice(1)
      .map((_, index) => `${index} ${value}`);
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(placesIn);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.flatMap(([key, item]) => [...placesIn(key), ...placesIn(item)]);
}
