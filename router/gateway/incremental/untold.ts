import type { GraphQLFormattedError } from 'graphql';
import type { ResponsePath } from '../execution/entities.ts';

/** Errors that no part of an answer has told. There may be thousands of both, so that each is found by its path. */
export interface Untold {
  add(error: GraphQLFormattedError): void;
  /** Those about an object at this path, or about anything in it. */
  within(path: ResponsePath): GraphQLFormattedError[];
  /** Those about what it is in. */
  around(path: ResponsePath): GraphQLFormattedError[];
  remove(error: GraphQLFormattedError): void;
}

const nowhere: ResponsePath = [];

export function createUntold(): Untold {
  const about = createIndex();
  const within = createIndex();
  /** An object, and all that it is in. */
  const places = (path: ResponsePath) => [...path.keys(), path.length].map((length) => path.slice(0, length));
  return {
    add(error) {
      const { path = nowhere } = error;
      about.add(path, error);
      for (const place of places(path)) within.add(place, error);
    },
    within: (path) => within.at(path),
    around: (path) => places(path).flatMap(about.at),
    remove(error) {
      const { path = nowhere } = error;
      about.remove(path, error);
      for (const place of places(path)) within.remove(place, error);
    },
  };
}

function createIndex() {
  const known = new Map<string, Set<GraphQLFormattedError>>();
  const keyOf = (path: ResponsePath) => path.join('\n');
  return {
    at: (path: ResponsePath) => [...(known.get(keyOf(path)) ?? [])],
    add(path: ResponsePath, error: GraphQLFormattedError): void {
      const there = known.get(keyOf(path));
      if (there) there.add(error);
      else known.set(keyOf(path), new Set([error]));
    },
    remove: (path: ResponsePath, error: GraphQLFormattedError) => known.get(keyOf(path))?.delete(error),
  };
}
