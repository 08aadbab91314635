export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a type's name is, or may stand for, another's: an object type of an interface or a union. */
export type TypeTest = (name: unknown, wanted: string) => boolean;
