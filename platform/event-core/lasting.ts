import { ContractError } from '../foundation/errors.ts';

/** MongoDB nests 100 levels: this leaves room for the document around it; no decision needs a tenth. */
const deepest = 32;
/**
 * Characters of a whole decision. JSON writes at worst six bytes for one, and a NATS message has at most 1 MiB: an
 * entry of a journal must also travel.
 */
const mostCharacters = 131_072;

/**
 * Admits only values to a journal that BSON, and JSON in the broker, give back as they were hashed. A journal is
 * verified by its hashes for ever: a value that BSON writes differently would count as tampered with.
 * @throws {ContractError} that names the place of the value that does not round-trip.
 */
export function assertLasting(value: unknown): void {
  let characters = 0;
  /** Where the walk is: one list for all of it, since every decision and every message is walked through. */
  const path: (string | number)[] = [];

  function no(what: string): never {
    throw new ContractError(
      `${path.join('.') || 'The value'} ${what}, and would not come back from a database as it is.`,
    );
  }

  function visit(item: unknown): void {
    if (path.length > deepest) no(`is nested more than ${deepest} deep`);
    characters += typeof item === 'string' ? item.length : 8;
    if (characters > mostCharacters) no(`makes more than ${mostCharacters} characters in all`);
    switch (typeof item) {
      case 'string':
        if (!item.isWellFormed()) no('has half a character in it');
        return;
      case 'number':
        if (!Number.isFinite(item)) no(`is ${item}`);
        return;
      case 'boolean':
        return;
      case 'object':
        if (item === null) return;
        if (Array.isArray(item)) return visitItems(item);
        return visitEntries(item);
      case 'bigint':
      case 'function':
      case 'symbol':
      case 'undefined':
        no(`is a ${typeof item}`);
    }
  }

  function visitAt(place: string | number, item: unknown): void {
    path.push(place);
    visit(item);
    path.pop();
  }

  function visitItems(items: readonly unknown[]): void {
    if (Object.getPrototypeOf(items) !== Array.prototype) no('is no plain list');
    // By index: neither a custom iterator nor holes can hide anything.
    for (let index = 0; index < items.length; index += 1) visitAt(index, items[index]);
  }

  function visitEntries(item: object): void {
    const prototype: unknown = Object.getPrototypeOf(item);
    if (prototype !== Object.prototype && prototype !== null) no('is no plain object');
    for (const key of Object.keys(item)) {
      if (!isKey(key)) no('has a key that databases read as something else');
      characters += key.length;
      const inner: unknown = item[key as keyof typeof item];
      // Databases and JSON leave out a field that is not there; in a list both would write null.
      if (inner !== undefined) visitAt(key, inner);
    }
  }

  visit(value);
}

/** BSON writes operators, paths, references and types as keys; JavaScript has `__proto__`. */
function isKey(key: string): boolean {
  return key.isWellFormed() && !/^$|^\$|[.\0]/.test(key) && key !== '_bsontype' && key !== '__proto__';
}
