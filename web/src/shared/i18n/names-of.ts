/**
 * Names of what a server says, each by its value. A page stays open while servers are updated, and hears values then
 * that came after it: they are told as `other` says, by themselves unless it says better.
 */
export function namesOf<Names extends object>(
  names: Names,
  other: (value: string) => unknown = (value) => value,
): Names {
  return new Proxy(names, {
    get: (known, value) =>
      typeof value === 'symbol' || value in known ? (Reflect.get(known, value) as unknown) : other(value),
  });
}
