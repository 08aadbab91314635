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
  // Korean Excel saves CP949; its syllables are not valid UTF-8.
  return decode(bytes, 'utf-8') ?? decodeCp949(bytes);
}

function markedEncoding([first, second, third]: Uint8Array): string | null {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return null;
}

/** Which half is empty more often: of some letters the other one is, such as of 대 (U+B300), with which headings begin. */
function emptyHalf(bytes: Uint8Array): string | null {
  let [odd, even] = [0, 0];
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) {
    if (at % 2 === 1) odd += 1;
    else even += 1;
  }
  if (odd + even === 0) return null;
  return odd >= even ? 'utf-16le' : 'utf-16be';
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

/**
 * CP949: EUC-KR, where both bytes are above 0xA0, and the 8,822 syllables that it lacks. Browsers know all of it by the
 * name of `euc-kr`; Node knows the letters of EUC-KR alone, and takes half of another for a control character.
 */
function decodeCp949(bytes: Uint8Array): string | null {
  const parts: (string | null)[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const [lead, trail] = [bytes[at] ?? 0, bytes[at + 1] ?? 0];
    if (lead < 0x80) continue;
    if (lead <= 0xa0 || trail <= 0xa0) {
      const syllable = beyondEucKr().get(lead * 256 + trail);
      if (syllable === undefined) return null;
      parts.push(decode(bytes.subarray(from, at), 'euc-kr'), syllable);
      from = at + 2;
    }
    at += 1;
  }
  parts.push(decode(bytes.subarray(from), 'euc-kr'));
  return parts.includes(null) ? null : parts.join('');
}

let syllables: ReadonlyMap<number, string> | undefined;

/** By their two bytes: the syllables that EUC-KR lacks, in the order of Unicode, in the places that it leaves free. */
function beyondEucKr(): ReadonlyMap<number, string> {
  if (syllables) return syllables;
  const known = new Set<string>();
  for (let lead = 0xb0; lead <= 0xc8; lead += 1) {
    for (let trail = 0xa1; trail <= 0xfe; trail += 1) known.add(decode(Uint8Array.of(lead, trail), 'euc-kr') ?? '');
  }
  const found = new Map<number, string>();
  let place = 0x8141;
  for (let code = 0xac00; code <= 0xd7a3; code += 1) {
    const syllable = String.fromCharCode(code);
    if (known.has(syllable)) continue;
    found.set(place, syllable);
    place = nextPlace(place);
  }
  return (syllables = found);
}

/** Trail bytes are letters of ASCII and what is above it: behind a lead byte of EUC-KR, only where that has none. */
function nextPlace(place: number): number {
  const [lead, trail] = [place >> 8, place & 0xff];
  if (trail === 0x5a || trail === 0x7a) return place + 7;
  return trail < (lead <= 0xa0 ? 0xfe : 0xa0) ? place + 1 : ((lead + 1) << 8) + 0x41;
}
