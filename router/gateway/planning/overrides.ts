import type { Logger } from '../../../platform/server/index.ts';
import type { Graph } from '../../documents/graph.ts';

/** Which fields that move by a label (`@override(label:)`) are asked of where they move to, for one operation. */
export interface Overrides {
  /** Labels that are on, but for those that say a percentage. */
  labels: ReadonlySet<string>;
  /** Labels that say a percentage, and are on. */
  percentages: ReadonlySet<string>;
  /** A label that says a larger percentage is on: from 0 up to, but not including, 100. */
  chance: number;
  /** Equal for what is planned equally. */
  key: string;
}

/** Decides for each operation anew. */
export type DecideOverrides = () => Overrides;

const none: Overrides = { labels: new Set(), percentages: new Set(), chance: 0, key: '' };

/**
 * @param given how many of a hundred operations have which label on.
 * @param random from 0 up to, but not including, 1.
 */
export function createOverrides(
  { sdl }: Pick<Graph, 'sdl'>,
  given: ReadonlyMap<string, number> = new Map(),
  random: () => number = Math.random,
): DecideOverrides {
  const labels = [...new Set([...sdl.matchAll(/overrideLabel: "([^"]+)"/g)].map(([, label = '']) => label))];
  if (labels.length === 0) return () => none;
  const all = labels.map((label) => {
    const own = /^percent\((\d+(?:\.\d+)?)\)$/.exec(label)?.[1];
    return { label, isPercentage: own !== undefined, percent: Number(own ?? given.get(label) ?? 0) };
  });
  return () => {
    // One chance for all: an operation has as few different plans as there are percentages.
    const chance = random() * 100;
    const on = all.filter(({ percent }) => chance < percent);
    return {
      labels: new Set(on.flatMap(({ label, isPercentage }) => (isPercentage ? [] : [label]))),
      percentages: new Set(on.flatMap(({ label, isPercentage }) => (isPercentage ? [label] : []))),
      chance,
      key: on.map(({ label }) => label).join(' '),
    };
  };
}

/** Labels with how many of a hundred operations have them on: `name` is all of them, `name=25` some. */
export const overridesIn = (labels: readonly string[]): ReadonlyMap<string, number> =>
  new Map(
    labels.map((each) => {
      const [label = '', percent = '100'] = each.split('=');
      return [label, Number(percent)];
    }),
  );

/** Says which labels nothing in the supergraph has: a mistyped one would be off for ever. */
export function tellUnknown({ sdl }: Pick<Graph, 'sdl'>, labels: Iterable<string>, logger: Logger): void {
  const unknown = [...labels].filter((label) => !sdl.includes(`overrideLabel: "${label}"`));
  if (unknown.length > 0)
    logger.warn({ labels: unknown }, 'OVERRIDE_LABELS names what no @override of the supergraph has');
}
