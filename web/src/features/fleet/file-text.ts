/** What a file that somebody chose says. */

export async function readFile(file: Blob, largestBytes: number): Promise<{ text: string } | { refusal: FileRefusal }> {
  if (file.size > largestBytes) return { refusal: 'tooLarge' };
  // It was moved or changed since it was chosen, or its disk is away.
  const bytes = await file.arrayBuffer().catch(() => null);
  if (!bytes) return { refusal: 'gone' };
  const text = textOf(new Uint8Array(bytes));
  return text === null ? { refusal: 'notText' } : { text };
}

/** Why a file is not even read. */
export type FileRefusal = 'tooLarge' | 'notText' | 'gone';

/** A file as editors and spreadsheets in Korea save it. Null when it is no text in any of their encodings. */
export function textOf(bytes: Uint8Array): string | null {
  const marked = markedEncoding(bytes);
  if (marked) return decode(bytes, marked);
  // UTF-16 without its mark: every separator, digit and line break has an empty half.
  const half = emptyHalf(bytes);
  if (half) return decode(bytes, half);
  // Korean Excel saves CP949, which the web calls EUC-KR; its syllables are not valid UTF-8.
  return decode(bytes, 'utf-8') ?? decode(bytes, 'euc-kr');
}

function markedEncoding([first, second, third]: Uint8Array): string | null {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return null;
}

function emptyHalf(bytes: Uint8Array): string | null {
  const empty = bytes.indexOf(0);
  if (empty < 0) return null;
  return empty % 2 === 1 ? 'utf-16le' : 'utf-16be';
}

/** Without the mark; null when the bytes are not in that encoding. */
function decode(bytes: Uint8Array, encoding: string): string | null {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
