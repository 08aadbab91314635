import type { Required, Rewrite } from '../planning/plan.ts';
import { applyRewrites } from './rewrites.ts';
import { isObject, quoted, type JsonObject, type TypeTest } from './values.ts';

/** How a subgraph is told which entity it is asked for. */
export interface Representation {
  /** As JSON; undefined when the entity has not what is needed for that. */
  write(entity: JsonObject): string | undefined;
  /** What it is made of, its type included, where these are scalars as they are; undefined where it is made of more. */
  scalars: readonly [string, ...string[]] | undefined;
}

/** Compiles what a subgraph requires. */
export function compileRepresentation(
  requires: readonly Required[],
  rewrites: readonly Rewrite[],
  isOf: TypeTest,
): Representation {
  const simple = rewrites.length === 0 ? compileSimple(requires, isOf) : undefined;
  const write = (entity: JsonObject) => {
    const text = simple?.write(entity);
    if (text !== undefined) return text;
    const representation: JsonObject = {};
    if (!select(requires, entity, representation, isOf)) return undefined;
    // Its type alone does not say which entity it is, nor does a key that is null.
    let known = false;
    for (const name in representation) if (name !== '__typename' && representation[name] !== null) known = true;
    if (!known || representation['__typename'] === undefined) return undefined;
    if (rewrites.length > 0) applyRewrites(rewrites, representation, isOf);
    return JSON.stringify(representation);
  };
  return { write, scalars: simple?.scalars };
}

/** The usual case, written without an object between: some scalars of one type, all there. */
function compileSimple(requires: readonly Required[], isOf: TypeTest): Representation | undefined {
  const [only, ...others] = requires;
  if (!only || !('on' in only) || others.length > 0) {
    return undefined;
  }
  const { on } = only;
  const fields: { field: string; start: string }[] = [];
  for (const selection of only.selections) {
    if (!('field' in selection) || selection.selections) return undefined;
    const start = `${fields.length > 0 ? ',' : '{'}${JSON.stringify(selection.as)}:`;
    fields.push({ field: selection.field, start });
  }
  // A type and a key at least, and no name twice.
  const names = new Set(fields.map(({ start }) => start.slice(1)));
  if (fields.length < 2 || names.size < fields.length || !names.has('"__typename":')) return undefined;
  const write = (entity: JsonObject) => {
    const name = entity['__typename'];
    if (name !== on && !isOf(name, on)) return undefined;
    let json = '';
    for (const { field, start } of fields) {
      const value = entity[field];
      if (typeof value === 'string') json += start + quoted(value);
      else if (typeof value === 'number' || typeof value === 'boolean') json += start + String(value);
      else return undefined;
    }
    return `${json}}`;
  };
  // The type tells least of which it is.
  const [first, ...rest] = fields.map(({ field }) => field).filter((field) => field !== '__typename');
  return { write, scalars: first === undefined ? undefined : [first, ...rest, '__typename'] };
}

/** @returns whether any selection was for an object of this type. */
function select(selections: readonly Required[], from: JsonObject, into: JsonObject, isOf: TypeTest): boolean {
  let any = false;
  for (const selection of selections) {
    if ('field' in selection) {
      const value = from[selection.field];
      if (value === undefined) continue;
      any = true;
      into[selection.as] = selection.selections
        ? project(selection.selections, value, into[selection.as], isOf)
        : value;
      continue;
    }
    const name = from['__typename'];
    if (name !== undefined && !isOf(name, selection.on)) continue;
    if (select(selection.selections, from, into, isOf)) any = true;
  }
  return any;
}

function project(selections: readonly Required[], value: unknown, known: unknown, isOf: TypeTest): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      project(selections, item, Array.isArray(known) ? (known[index] as unknown) : undefined, isOf),
    );
  }
  if (!isObject(value)) return value;
  const into = isObject(known) ? known : {};
  select(selections, value, into, isOf);
  return into;
}
