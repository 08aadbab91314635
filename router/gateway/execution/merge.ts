import { isObject, type JsonObject, type TypeTest } from './values.ts';

/**
 * Adds what another fetch knows about the same object. Neither loses anything: where one knows a value and the other
 * has null, the value stays. Of two types, the one stays that says more: a subgraph may know an interface only.
 */
export function merge(into: JsonObject, from: JsonObject, isOf: TypeTest): void {
  for (const name in from) {
    // An answer that has it was not asked for it, and JavaScript would not take it for a field.
    if (name === '__proto__') continue;
    const value = from[name];
    if (value === undefined) continue;
    const known = into[name];
    if (known === undefined || known === null) into[name] = value;
    else if (value === null || known === value) continue;
    else if (name !== '__typename') into[name] = merged(known, value, isOf);
    else if (typeof value === 'string' && !isOf(known, value)) into[name] = value;
  }
}

function merged(known: unknown, value: unknown, isOf: TypeTest): unknown {
  if (known === value) return known;
  if (Array.isArray(known) && Array.isArray(value)) {
    for (let index = 0; index < known.length; index += 1) {
      const item: unknown = value[index];
      if (item === undefined || item === null) continue;
      const mine: unknown = known[index];
      known[index] = mine === undefined || mine === null ? item : merged(mine, item, isOf);
    }
    return known;
  }
  if (isObject(known) && isObject(value)) {
    merge(known, value, isOf);
    return known;
  }
  return value;
}
