import { fetchesOf, type Path, type PlanNode, type Rewrite } from '../planning/plan.ts';
import { isObject } from './values.ts';

/** The response names that a fetch asks for, from its root or from that of an entity. */
export interface Asked {
  names: ReadonlyMap<string, Asked>;
}

/** Whether the objects at a path may become one where they are alike, in however many places they are. */
export type MayBeOne = (path: Path) => boolean;

export const neverOne: MayBeOne = () => false;

/**
 * Objects that are alike stay alike when all that comes later comes to all of them: no fetch goes to some of their
 * places only, by the type of what is around them, or tells of each place for itself, because two subgraphs know parts
 * of what is there.
 * @param askedBy what a fetch asks for, at its path or at the root.
 */
export function compileMayBeOne(node: PlanNode, askedBy: (operation: string, alias?: string) => Asked): MayBeOne {
  const roots: Asked[] = [];
  const entities: { path: Path; names: readonly string[]; asked: Asked }[] = [];
  for (const fetch of fetchesOf(node)) {
    if (fetch.kind === 'root') {
      // Paths then have names that it does not ask for.
      if (fetch.rewrites.some(isRenaming)) return neverOne;
      roots.push(askedBy(fetch.operation));
    } else {
      for (const { alias, paths, outputRewrites } of fetch.lists) {
        if (outputRewrites.some(isRenaming)) return neverOne;
        const asked = askedBy(fetch.operation, alias);
        for (const path of paths) entities.push({ path, names: namesIn(path), asked });
      }
    }
  }
  return (path) => {
    const names = namesIn(path);
    const around = aroundLast(path, names.length);
    let tellers = roots.filter((asked) => asksFor(asked, names)).length;
    for (const other of entities) {
      if (other.names.length < names.length) {
        if (
          other.names.every((name, at) => name === names[at]) &&
          asksFor(other.asked, names.slice(other.names.length))
        )
          tellers += 1;
      } else if (names.every((name, at) => name === other.names[at])) {
        if (aroundLast(other.path, names.length) !== around) return false;
      }
    }
    return tellers <= 1;
  };
}

const isRenaming = ({ change }: Rewrite) => 'rename' in change;

const namesIn = (path: Path): string[] =>
  path.flatMap((step) => (step !== 'each' && 'field' in step ? [step.field] : []));

/** The types that a path asks for before so many fields are passed. */
function aroundLast(path: Path, fields: number): string {
  const types: string[] = [];
  let passed = 0;
  for (const step of path) {
    if (step === 'each') continue;
    if ('types' in step) types.push(`${passed} ${step.types.toSorted().join()}`);
    else passed += 1;
    if (passed === fields) break;
  }
  return types.join(';');
}

const asksFor = (asked: Asked, names: readonly string[]): boolean => {
  let at: Asked | undefined = asked;
  for (const name of names) at = at?.names.get(name);
  return at !== undefined;
};

/** An answer as deep as a client may ask for, and as what its own types hold. Deeper, a comparison ends the stack. */
const mostLevels = 100;

/** Of plain JSON; false where it is too deep to tell. */
export function isAlike(one: unknown, other: unknown, levels = mostLevels): boolean {
  if (one === other) return true;
  if (levels === 0) return false;
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false;
    for (let index = 0; index < one.length; index += 1) {
      if (!isAlike(one[index], other[index], levels - 1)) return false;
    }
    return true;
  }
  if (!isObject(one) || !isObject(other)) return false;
  let names = 0;
  for (const name in one) {
    // Custom scalars may have `__proto__`, which what lacks it inherits.
    if (!Object.hasOwn(other, name) || !isAlike(one[name], other[name], levels - 1)) return false;
    names += 1;
  }
  for (const _name in other) names -= 1;
  return names === 0;
}
