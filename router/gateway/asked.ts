import type { GraphQLFormattedError } from 'graphql';
import type { CheckedOperation } from '../documents/documents.ts';
import type { Variables } from '../documents/variables.ts';

/** A valid operation with what it is given. */
export interface Asked {
  operation: CheckedOperation;
  variables: Variables;
  cost: number;
}

/** An answer, in the form that clients get. */
export interface Answer {
  /** `data` as JSON; undefined when nothing was run. */
  data: string | undefined;
  errors: readonly GraphQLFormattedError[];
  extensions?: object | undefined;
}

/** The answer as the body of a response, or as a payload. */
export function textOf({ data, errors, extensions }: Answer): string {
  const more = extensions ? `,"extensions":${JSON.stringify(extensions)}` : '';
  if (errors.length === 0) return `{"data":${data ?? 'null'}${more}}`;
  const told = `"errors":${JSON.stringify(errors)}${more}`;
  return data === undefined ? `{${told}}` : `{"data":${data},${told}}`;
}

/** From here on bytes are cheaper than text: Node makes them of text with three times as much memory. */
const worthBytes = 16_384;

/** Those whose answer was the same execution share its bytes. */
const bytes = new WeakMap<Answer, Buffer>();

/** The same as what is written to a connection. */
export function bodyOf(answer: Answer): string | Buffer {
  if ((answer.data?.length ?? 0) < worthBytes) return textOf(answer);
  const body = bytes.get(answer) ?? Buffer.from(textOf(answer));
  bytes.set(answer, body);
  return body;
}

/** The code of the first error. */
export function codeOf({ errors: [first] }: Answer): string | undefined {
  if (!first) return undefined;
  const code = first.extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
