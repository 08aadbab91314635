/** What a transport makes of an answer. */
export type Form = (text: string, cursor: string | undefined) => string;

/** An answer as JSON, on its way to one client or to thousands: what a transport makes of it is made once. */
export interface Serialised {
  readonly text: string;
  as(form: Form): string;
}

/** @param cursor of a subscription that its clients may go on after, as JSON. */
export function serialised(text: string, cursor?: string): Serialised {
  const made = new Map<Form, string>();
  return {
    text,
    as(form) {
      let result = made.get(form);
      if (result === undefined) {
        result = form(text, cursor);
        made.set(form, result);
      }
      return result;
    },
  };
}

/**
 * Text with a character for each byte of its UTF-8. Written as `latin1` it needs no buffer of its own for each client,
 * and while it waits for a client it shares memory with that of others.
 */
export const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');
