import type { Definition, Row } from '../worlds.ts';

/** An operation, with its variables where it has any. */
export type Case = string | readonly [query: string, variables: Row];

/** A feature of federation: a graph that has it, and operations that must be answered as a monolith would. */
export interface Conformance extends Definition {
  cases: readonly Case[];
  /** Progressive overrides that are on. */
  labels?: readonly string[];
  /** Cases, by number, that are wrong with Apollo's planner, and why. */
  apollo?: { readonly wrong: readonly number[]; readonly because: string };
}
