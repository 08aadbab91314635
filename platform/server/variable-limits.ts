/** How large the variables of an operation may be. */
export interface VariableLimits {
  /** Items of one list. */
  listItems: number;
  /** Fields of one object; an error about a wrong one would list them all. */
  fields: number;
  /** Nesting of lists and objects. */
  nesting: number;
  /** All of them together. */
  values: number;
}

/** Which limit a client's variables exceed, as a sentence. No recursion: JSON nests as deep as its text is long. */
export function excessIn(variables: Record<string, unknown>, limits: VariableLimits): string | undefined {
  if (Object.keys(variables).length > limits.values) return `The variables have more than ${limits.values} values.`;
  let level: unknown[] = Object.values(variables);
  let count = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limits.nesting) return `The variables are nested deeper than ${limits.nesting} lists and objects.`;
    count += level.length;
    if (count > limits.values) return `The variables have more than ${limits.values} values.`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      const isList = Array.isArray(value);
      // Objects by their keys: fetching fifty thousand values takes four times as long as counting them.
      const size = isList ? value.length : Object.keys(value).length;
      if (size > (isList ? limits.listItems : limits.fields)) {
        return isList
          ? `The variables have a list of ${size} items; at most ${limits.listItems} are allowed.`
          : `The variables have an object of ${size} fields; at most ${limits.fields} are allowed.`;
      }
      for (const inner of Object.values(value) as unknown[]) next.push(inner);
      if (next.length > limits.values) return `The variables have more than ${limits.values} values.`;
    }
    level = next;
  }
  return undefined;
}
