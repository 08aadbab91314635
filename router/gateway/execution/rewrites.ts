import type { Rewrite, RewriteStep } from '../planning/plan.ts';
import { isObject, type JsonObject, type TypeTest } from './values.ts';

/** Changes a value where the planner gave a field another name or type than the client, or the subgraph, knows. */
export function applyRewrites(rewrites: readonly Rewrite[], value: unknown, isOf: TypeTest): void {
  for (const { path, change } of rewrites) {
    const last = path.at(-1);
    if (last === undefined || !('field' in last)) continue;
    const { field } = last;
    applyAt(path, 0, value, isOf, (parent) => {
      if ('set' in change) parent[field] = change.set;
      else if (Object.hasOwn(parent, field)) {
        parent[change.rename] = parent[field];
        parent[field] = undefined;
      }
    });
  }
}

function applyAt(
  path: readonly RewriteStep[],
  at: number,
  value: unknown,
  isOf: TypeTest,
  change: (parent: JsonObject) => void,
): void {
  if (Array.isArray(value)) {
    for (const item of value) applyAt(path, at, item, isOf, change);
    return;
  }
  if (!isObject(value)) return;
  if (at === path.length - 1) return change(value);
  const step = path[at];
  if (step === undefined) return;
  if ('field' in step) return applyAt(path, at + 1, value[step.field], isOf, change);
  const name = value['__typename'];
  if (name === undefined || step.types.some((type) => isOf(name, type))) applyAt(path, at + 1, value, isOf, change);
}
