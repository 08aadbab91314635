import { hash } from 'node:crypto';

/** After which change a subscriber goes on. */
export interface ChangeCursor {
  /** The place of the message that told it. */
  sequence: number;
  /** Of the message there: another one means that the broker has lost what it had. */
  mark: string;
  /** Up to which version the message's stream was told. */
  version: number;
}

/** The cursor of one subscription, opaque to clients. @param of names what is followed, and by whom. */
export function changeCursor({ sequence, mark, version }: ChangeCursor, of: string): string {
  return Buffer.from(`${sequence}.${version}.${mark}.${nameMark(of)}`).toString('base64url');
}

/** Null when it is no cursor of this subscription. */
export function readChangeCursor(text: string, of: string): ChangeCursor | null {
  const plain = Buffer.from(text, 'base64url').toString();
  const [, sequence, version, mark = ''] = /^(\d{1,15})\.(\d{1,15})\.([0-9a-f]{12})\./.exec(plain) ?? [];
  const cursor = { sequence: Number(sequence), version: Number(version), mark };
  // One place has one cursor: base64 and numbers have many spellings.
  return cursor.sequence > 0 && cursor.version > 0 && changeCursor(cursor, of) === text ? cursor : null;
}

const nameMark = (of: string) => hash('sha256', of).slice(0, 12);
