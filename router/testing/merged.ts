import { Defer20220824Handler } from '@apollo/client/incremental';
import { parse } from 'graphql';
import { isObject, type JsonObject } from '../gateway/execution/values.ts';
import type { IncrementalFormat } from '../gateway/incremental/formats.ts';
import type { Answered } from './federation.ts';

type Errors = Answered['errors'][number][];

/** Something of a part, as it is on the wire. */
interface WirePart {
  data?: unknown;
  errors?: Errors;
  pending?: { id: string; path: (string | number)[] }[];
  incremental?: { id: string; data: JsonObject; subPath?: (string | number)[]; errors?: Errors }[];
  completed?: { id: string; errors?: Errors }[];
}

/** The whole answer out of its parts. */
export function mergedAnswer(format: IncrementalFormat, query: string, texts: readonly string[]): Answered {
  const parts = texts.map((text) => JSON.parse(text) as WirePart);
  const errors = parts.flatMap((part) =>
    [part, ...(part.incremental ?? []), ...(part.completed ?? [])].flatMap((each) => each.errors ?? []),
  );
  return { data: format === 'draft' ? mergedDraft(parts) : mergedApollo(query, parts), errors };
}

/** By the code of Apollo Client. */
function mergedApollo(query: string, parts: readonly WirePart[]): unknown {
  const request = new Defer20220824Handler().startRequest<Record<string, unknown>>({ query: parse(query) });
  let data: unknown = {};
  for (const part of parts) ({ data } = request.handle(data as Record<string, unknown>, part as never));
  return data;
}

/**
 * As the draft says (Apollo Client 4.3 takes some lists for streams), and as strictly: nothing comes that was not
 * pending, nor twice, and nothing stays pending.
 */
function mergedDraft([first, ...others]: readonly WirePart[]): unknown {
  const pending = new Map<string, (string | number)[]>();
  const announce = (part: WirePart | undefined) => {
    for (const { id, path } of part?.pending ?? []) {
      if (pending.has(id)) throw new Error(`${id} is pending twice.`);
      objectAt(first?.data, path);
      pending.set(id, path);
    }
  };
  const take = (id: string) => {
    const path = pending.get(id);
    if (!path) throw new Error(`${id} is not pending.`);
    return path;
  };
  announce(first);
  for (const part of others) {
    // What is within something of the same part is there afterwards.
    for (const { id, path } of part.pending ?? []) pending.set(id, path);
    for (const { id, data, subPath = [] } of part.incremental ?? []) {
      const object = objectAt(first?.data, [...take(id), ...subPath]);
      for (const [name, value] of Object.entries(data)) {
        if (Object.hasOwn(object, name)) throw new Error(`${name} comes twice.`);
        object[name] = value;
      }
    }
    for (const { id, path } of part.pending ?? []) if (pending.has(id)) objectAt(first?.data, path);
    for (const { id } of part.completed ?? []) {
      take(id);
      pending.delete(id);
    }
  }
  if (pending.size > 0) throw new Error(`${[...pending.keys()].join(', ')} never comes.`);
  return first?.data;
}

function objectAt(data: unknown, path: readonly (string | number)[]): JsonObject {
  let value = data;
  for (const step of path) value = (value as JsonObject | undefined)?.[step];
  if (!isObject(value)) throw new Error(`There is no object at ${path.join('.')}.`);
  return value;
}
