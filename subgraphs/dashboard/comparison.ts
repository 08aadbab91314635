import { hashOf } from '../../platform/index.ts';
import { kinds, readRowKey, rowKey, type Key, type Kind, type Views } from './row-keys.ts';
import type { ViewRows } from './rows.ts';

/** A row that differs between two generations of the view. */
export interface Difference {
  /** A kind of row, or `totals`. */
  kind: Kind | 'totals';
  key: string;
  /** As JSON; null where it is missing. */
  live: string | null;
  rebuilt: string | null;
}

/**
 * Which rows of two generations differ. Rows may change meanwhile: the part that changes one names it, and has it
 * compared again. Rows that were compared and are not changed keep their result.
 */
export interface Comparison {
  /** Reads every row of both. */
  all(): Promise<void>;
  again(rowNames: Iterable<string>): Promise<void>;
  count(): number;
  /** Reads some of them as they are now. */
  examples(): Promise<Difference[]>;
  /** The live view's fingerprint, given the rebuilt one's. */
  liveFingerprint(rebuilt: bigint): bigint;
}

const shownExamples = 10;
const keysPerRead = 1_000;

export function createComparison(live: ViewRows, rebuilt: ViewRows): Comparison {
  const differing = new Map<string, { live: bigint; rebuilt: bigint }>();

  function compare<Name extends Kind>(
    kind: Name,
    keys: Iterable<Key>,
    ofLive: Map<Key, Views[Name]>,
    ofRebuilt: Map<Key, Views[Name]>,
  ): void {
    for (const key of keys) {
      const prints = { live: fingerprintOf(kind, ofLive.get(key)), rebuilt: fingerprintOf(kind, ofRebuilt.get(key)) };
      if (prints.live === prints.rebuilt) differing.delete(rowKey(kind, key));
      else differing.set(rowKey(kind, key), prints);
    }
  }

  async function compareKeys(kind: Kind, keys: Key[]): Promise<void> {
    const [ofLive, ofRebuilt] = await Promise.all([live.find(kind, keys), rebuilt.find(kind, keys)]);
    compare(kind, keys, ofLive, ofRebuilt);
  }

  return {
    async all() {
      for (const kind of kinds) {
        for await (const some of rebuilt.all(kind)) {
          compare(kind, some.keys(), await live.find(kind, [...some.keys()]), some);
        }
        // Rows that only the live one has were not visited.
        for await (const some of live.all(kind)) {
          const known = await rebuilt.find(kind, [...some.keys()]);
          compare(
            kind,
            [...some.keys()].filter((key) => !known.has(key)),
            some,
            known,
          );
        }
      }
    },
    async again(rowNames) {
      const byKind = Map.groupBy(Array.from(rowNames, readRowKey), ({ kind }) => kind);
      for (const [kind, named] of byKind) {
        for (let from = 0; from < named.length; from += keysPerRead) {
          await compareKeys(
            kind,
            named.slice(from, from + keysPerRead).map(({ key }) => key),
          );
        }
      }
    },
    count: () => differing.size,
    async examples() {
      const rowNames = [...differing.keys()].slice(0, shownExamples);
      return Promise.all(
        rowNames.map(async (rowName) => {
          const { kind, key } = readRowKey(rowName);
          const [ofLive, ofRebuilt] = await Promise.all([live.find(kind, [key]), rebuilt.find(kind, [key])]);
          return { kind, key: String(key), live: toJson(ofLive.get(key)), rebuilt: toJson(ofRebuilt.get(key)) };
        }),
      );
    },
    liveFingerprint(whole) {
      for (const prints of differing.values()) whole += prints.live - prints.rebuilt;
      return BigInt.asUintN(128, whole);
    },
  };
}

const toJson = (view: unknown) => (view === undefined ? null : JSON.stringify(view));

/** A row's part in the fingerprint of a view, which is their sum: the order of rows does not matter. 0 for no row. */
export function fingerprintOf(kind: Kind | 'totals', view: object | undefined): bigint {
  return view === undefined ? 0n : BigInt(`0x${hashOf({ kind, view }).slice(0, 32)}`);
}

export const fingerprintText = (fingerprint: bigint) => BigInt.asUintN(128, fingerprint).toString(16).padStart(32, '0');
