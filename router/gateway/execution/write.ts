import type { GraphQLFormattedError } from 'graphql';
import type { DeferUsage } from '../incremental/deferral.ts';
import type { ResponsePath } from './entities.ts';
import type { JsonObject } from './values.ts';

/** A part of the answer that comes later: the fields of one object that the same deferred fragments ask for. */
export interface LaterPart {
  group: ReadonlySet<DeferUsage>;
  /** Where the object is, in the client's names. */
  path: ResponsePath;
  /** Its fields in this part, likewise. */
  names: ReadonlySet<string>;
  /** The objects that the deferred fragments around it, and in its group, are spread in. */
  scope: Scope;
  /** As `Shape.write`; undefined when the part cannot be given, because a null may not be there. */
  write(errors: GraphQLFormattedError[], later: LaterPart[]): string | undefined;
}

/** The path of the object that a deferred fragment is spread in. */
export type Scope = ReadonlyMap<DeferUsage, ResponsePath>;

/** What is known while an answer is written. */
export interface Writing {
  /** Where the value is that is written; longer than that, it is what was there before. */
  path: (string | number)[];
  /** Of each object on the path, the fields that must not be null, by response name. */
  strict: ReadonlySet<string>[];
  errors: GraphQLFormattedError[];
  variables: JsonObject;
  later: LaterPart[];
  scope: Scope;
  /** Objects that are in several places, and what was written of them; undefined when there are none. */
  repeated: Map<unknown, Written | undefined> | undefined;
  /** How many values could not be written. */
  failures: number;
}

export interface Written {
  by: Write;
  json: string;
}

export const beginWriting = (
  given: Pick<Writing, 'path' | 'errors' | 'variables' | 'later' | 'scope'>,
  repeated: ReadonlySet<JsonObject> = none,
): Writing => ({
  ...given,
  strict: [],
  repeated: repeated.size > 0 ? new Map(Array.from(repeated, (object) => [object, undefined])) : undefined,
  failures: 0,
});

const none: ReadonlySet<JsonObject> = new Set();

/** Writes what is in several places once, unless what is missing in it has to be told for each. */
export const writeOnce = (write: Write): Write => {
  const writeRepeated: Write = (value, depth, writing) => {
    const { repeated } = writing;
    if (!repeated?.has(value)) return write(value, depth, writing);
    const known = repeated.get(value);
    if (known?.by === write) return known.json;
    const { failures } = writing;
    const json = write(value, depth, writing);
    if (json !== undefined && writing.failures === failures) repeated.set(value, { by: write, json: flat(json) });
    return json;
  };
  return writeRepeated;
};

/** The same text, no longer as the parts that it was put together from: each copy would be put together anew. */
export function flat(text: string): string {
  text.charCodeAt(text.length - 1);
  return text;
}

export const everywhere: Scope = new Map();

/** A value as JSON; undefined when it cannot be, which makes its parent null. The error is told already. */
export type Write = (value: unknown, depth: number, writing: Writing) => string | undefined;

/** Tells what is wrong with the value at the path, unless a subgraph has told it there. */
export function fail(writing: Writing, depth: number, message: string): undefined {
  tellUnless(writing, depth, message, (_told, at) => at === depth);
  return undefined;
}

/**
 * Tells that nothing is at the path, unless a subgraph has told why: there, or at a field beside it or beside an object
 * that it is in. If such a field must not be null, the subgraph gave nothing of the object that has it.
 */
export function failMissing(writing: Writing, depth: number, message: string): undefined {
  const { path, strict } = writing;
  tellUnless(writing, depth, message, (told, at) => {
    const beside = told[at];
    if (at === depth) return true;
    return typeof beside === 'string' && typeof path[at] === 'string' && strict[at]?.has(beside) === true;
  });
  return undefined;
}

/** @param explains whether this told path, which is the same up to here, says why. */
function tellUnless(
  writing: Writing,
  depth: number,
  message: string,
  explains: (told: readonly (string | number)[], at: number) => boolean,
): void {
  const { path, errors } = writing;
  writing.failures += 1;
  const isTold = errors.some(({ path: told }) => {
    if (!told) return false;
    let at = 0;
    while (at < depth && told[at] === path[at]) at += 1;
    return explains(told, at);
  });
  if (!isTold) errors.push({ message, path: path.slice(0, depth), extensions: { code: 'INTERNAL_SERVER_ERROR' } });
}
