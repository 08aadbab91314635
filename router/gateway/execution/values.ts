export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a type's name is, or may stand for, another's: an object type of an interface or a union. */
export type TypeTest = (name: unknown, wanted: string) => boolean;

// What JSON escapes, and halves of characters.
// eslint-disable-next-line no-control-regex
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A string as JSON. Most have nothing to escape, which is faster to find out than to let JSON.stringify look for. */
export const quoted = (text: string) => (escaped.test(text) ? JSON.stringify(text) : `"${text}"`);
