import { ContractError } from '../foundation/errors.ts';

/** As deep as MongoDB nests (100) leaves room for the document around it; no decision needs a tenth of it. */
const deepest = 32;
/**
 * Characters of a whole decision. JSON writes six bytes for one at worst, and a message of NATS has at most 1 MiB: what
 * stands in a journal must also travel.
 */
const mostCharacters = 131_072;

/**
 * Lets a value into a journal that comes back from BSON, and from JSON in the broker, as it was hashed. A journal is
 * checked by its hashes for ever: one value that BSON writes another way would count as tampered with.
 * @throws {ContractError} that says where it is not so.
 */
export function assertLasting(value: unknown): void {
  let characters = 0;

  function visit(item: unknown, path: readonly string[]): void {
    const no = (what: string): never => {
      throw new ContractError(
        `${path.join('.') || 'The value'} ${what}, and would not come back from a database as it is.`,
      );
    };
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
        if (Array.isArray(item)) return visitItems(item, path, no);
        return visitEntries(item, path, no);
      case 'bigint':
      case 'function':
      case 'symbol':
      case 'undefined':
        no(`is a ${typeof item}`);
    }
  }

  function visitItems(items: readonly unknown[], path: readonly string[], no: (what: string) => never): void {
    if (Object.getPrototypeOf(items) !== Array.prototype) no('is no plain list');
    // By number: an iterator that was put on it, or holes in it, cannot hide anything.
    for (let index = 0; index < items.length; index += 1) visit(items[index], [...path, String(index)]);
  }

  function visitEntries(item: object, path: readonly string[], no: (what: string) => never): void {
    const prototype: unknown = Object.getPrototypeOf(item);
    if (prototype !== Object.prototype && prototype !== null) no('is no plain object');
    for (const [key, inner] of Object.entries(item)) {
      if (!isKey(key)) no('has a key that databases read as something else');
      characters += key.length;
      // Databases and JSON leave out a field that is not there; in a list both would write null.
      if (inner !== undefined) visit(inner, [...path, key]);
    }
  }

  visit(value, []);
}

/** Operators, paths, references and types of BSON are written as keys; JavaScript has its own trap. */
function isKey(key: string): boolean {
  return key.isWellFormed() && !/^$|^\$|[.\0]/.test(key) && key !== '_bsontype' && key !== '__proto__';
}
