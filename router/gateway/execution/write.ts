import type { GraphQLFormattedError } from 'graphql';
import type { DeferUsage } from '../incremental/deferral.ts';
import type { ResponsePath } from './entities.ts';
import { mostPlaces } from './execute.ts';
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
  /**
   * As `Shape.write`; undefined when the part cannot be given, because a null may not be there. Then there is an error.
   * @param told errors of all parts.
   */
  write(errors: GraphQLFormattedError[], later: LaterPart[], told: Told): string | undefined;
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
  /** Where something was told before; where it is not given, from the first failure on. */
  told: Told | undefined;
  /** What was last told elsewhere of something that is missing here, as an error of this place. */
  explanation: GraphQLFormattedError | undefined;
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
  given: Pick<Writing, 'path' | 'errors' | 'variables' | 'later' | 'scope'> & Partial<Pick<Writing, 'told'>>,
  repeated: ReadonlySet<JsonObject> = none,
): Writing => ({
  told: undefined,
  ...given,
  explanation: undefined,
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
  let here: Told | undefined = toldTo(writing);
  for (let at = 0; at < depth && here; at += 1) here = here.next.get(writing.path[at] ?? '');
  return tell(writing, depth, message, here?.alike);
}

/**
 * Tells that nothing is at the path, unless a subgraph has told why: there, or at a field beside it or beside an object
 * that it is in. If such a field must not be null, the subgraph gave nothing of the object that has it. One error is
 * told at so many places and fields of a request only: then it explains what is missing in the others, too.
 */
export function failMissing(writing: Writing, depth: number, message: string): undefined {
  return tell(writing, depth, message, explainedBy(writing, depth));
}

function tell(writing: Writing, depth: number, message: string, by: Alike | undefined): undefined {
  const path = writing.path.slice(0, depth);
  writing.failures += 1;
  if (by) writing.explanation = by.error && { ...by.error, path };
  else writing.errors.push({ message, path, extensions: { code: 'INTERNAL_SERVER_ERROR' } });
  return undefined;
}

function explainedBy(writing: Writing, depth: number): Alike | undefined {
  const { path, strict } = writing;
  let here: Told | undefined = toldTo(writing);
  let { alike } = here;
  for (let at = 0; at < depth; at += 1) {
    const step = path[at] ?? '';
    if (typeof step === 'string') {
      let beside = 0;
      for (const [name, other] of alike.next) {
        if (name === step || !(here?.next.has(name) || other.places >= mostPlaces)) continue;
        beside += 1;
        if (beside >= mostPlaces || strict[at]?.has(name)) return other;
      }
      const next = alike.next.get(step);
      if (!next) return undefined;
      alike = next;
    }
    here = here?.next.get(step);
    if (here?.isWhole) return here.alike;
  }
  if (here) return here.alike;
  return typeof path[depth - 1] === 'string' && alike.places >= mostPlaces ? alike : undefined;
}

/** The places that subgraphs told errors of, as a tree of their paths. There may be thousands, of failures too. */
export interface Told {
  /** Whether an error is of this place itself: it explains all that is missing in it. */
  isWhole: boolean;
  next: Map<string | number, Told>;
  alike: Alike;
}

/** The same path in all objects of the lists on it, and at how many places something is told there, or in it. */
interface Alike {
  next: Map<string, Alike>;
  places: number;
  /** What was told at the first of them. */
  error: GraphQLFormattedError | undefined;
}

const newAlike = (error?: GraphQLFormattedError): Alike => ({ next: new Map(), places: 0, error });

export const newTold = (): Told => ({ isWhole: false, next: new Map(), alike: newAlike() });

/** What was told before anything was written: an error that is told meanwhile explains no other. */
function toldTo(writing: Writing): Told {
  if (writing.told) return writing.told;
  const told = newTold();
  for (const error of writing.errors) addTold(told, error);
  return (writing.told = told);
}

export function addTold(told: Told, error: GraphQLFormattedError): void {
  let here = told;
  for (const step of error.path ?? []) {
    const known: Told = here.next.get(step) ?? {
      isWhole: false,
      next: new Map(),
      alike: alikeAt(here.alike, step, error),
    };
    if (typeof step === 'string' && !here.next.has(step)) known.alike.places += 1;
    here.next.set(step, known);
    here = known;
  }
  here.isWhole = true;
}

function alikeAt(alike: Alike, step: string | number, error: GraphQLFormattedError): Alike {
  if (typeof step === 'number') return alike;
  const next = alike.next.get(step) ?? newAlike(error);
  alike.next.set(step, next);
  return next;
}
