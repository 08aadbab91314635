import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textOf } from './file-text.ts';

/** Letters by their two bytes in EUC-KR, which is read everywhere and written nowhere. */
function eucKr(): Map<string, [number, number]> {
  const decoder = new TextDecoder('euc-kr', { fatal: true });
  const letters = new Map<string, [number, number]>();
  for (let lead = 0xa1; lead <= 0xfe; lead += 1) {
    for (let trail = 0xa1; trail <= 0xfe; trail += 1) {
      try {
        letters.set(decoder.decode(Uint8Array.of(lead, trail)), [lead, trail]);
      } catch {
        // Not every pair is a letter.
      }
    }
  }
  return letters;
}

const letters = eucKr();
const toEucKr = (text: string) =>
  Uint8Array.from(Array.from(text).flatMap((letter) => letters.get(letter) ?? letter.charCodeAt(0)));
const utf16 = (text: string, isLittle: boolean) =>
  Uint8Array.from(
    Array.from({ length: text.length }, (_, place) => {
      const unit = text.charCodeAt(place);
      return isLittle ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff];
    }).flat(),
  );

const encodings: Record<string, (text: string) => Uint8Array> = {
  'UTF-8': (text) => new TextEncoder().encode(text),
  'UTF-8 with its mark': (text) => new TextEncoder().encode(`\uFEFF${text}`),
  'UTF-16 LE': (text) => utf16(text, true),
  'UTF-16 LE with its mark': (text) => utf16(`\uFEFF${text}`, true),
  'UTF-16 BE': (text) => utf16(text, false),
  'UTF-16 BE with its mark': (text) => utf16(`\uFEFF${text}`, false),
  'EUC-KR': toEucKr,
};

const color = fc.constantFrom('초록', '하양', '빨강', '검정', '하늘색', 'green', '연두', '은색', '색');
const table = fc.array(fc.tuple(color, fc.constantFrom('', '2018-09-28', '2018.09.28')), { minLength: 1 });
const asText = (rows: [string, string][]) => `색상,등록일\r\n${rows.map((row) => row.join(',')).join('\r\n')}\r\n`;

describe.each(Object.entries(encodings))('a file in %s', (_name, encode) => {
  it('says what was written', () => {
    fc.assert(fc.property(table, (rows) => expect(textOf(encode(asText(rows)))).toBe(asText(rows))));
  });
});

describe('a file', () => {
  it('in EUC-KR has every syllable there is', () => {
    const syllables = [...letters.keys()].filter((letter) => /[가-힣]/.test(letter));
    expect(syllables).toHaveLength(2_350);
    expect(textOf(toEucKr(`색상\r\n${syllables.join('')}`)) === `색상\r\n${syllables.join('')}`).toBe(true);
  });

  it('in CP949 has the syllables beyond EUC-KR, each once', () => {
    // As Python and iconv write them: the first, the last, and some beside the gaps between their places.
    const said: [string, number, number][] = [
      ...([
        ['갂', 0x81, 0x41],
        ['똠', 0x8c, 0x63],
        ['뷁', 0x94, 0xee],
        ['숖', 0x99, 0xf6],
      ] as [string, number, number][]),
      ...([
        ['좤', 0xa0, 0xfe],
        ['좥', 0xa1, 0x41],
        ['힣', 0xc6, 0x52],
      ] as [string, number, number][]),
    ];
    for (const [syllable, ...bytes] of said)
      expect(textOf(Uint8Array.from([0x31, ...bytes, 0x32]))).toBe(`1${syllable}2`);
    const found = new Set<string>();
    for (let lead = 0x81; lead <= 0xfe; lead += 1) {
      for (let trail = 0x41; trail <= 0xfe; trail += 1) {
        const text = textOf(Uint8Array.of(lead, trail, 0x0a, 0xb0, 0xa1));
        if (text && /^[가-힣]\n가$/.test(text)) found.add(text);
      }
    }
    expect(found.size).toBe(11_172);
  });

  it('in CP949 that ends in half a letter, or has bytes that are none, is no text', () => {
    for (const bytes of [
      [0xb0, 0xa1, 0x8c],
      [0xb0, 0xa1, 0xb0],
      [0x80, 0xb0, 0xa1],
      [0xc6, 0x53],
      [0xff, 0xb0, 0xa1],
    ]) {
      expect(textOf(Uint8Array.from(bytes))).toBeNull();
    }
  });

  it('in UTF-16 may begin with letters of which the other half is empty', () => {
    const text = '대여소번호,대여소명\r\n102,망원역\r\n';
    for (const isLittle of [true, false]) expect(textOf(utf16(text, isLittle))).toBe(text);
  });

  it('that is no text is none', () => {
    for (const bytes of [
      [0x50, 0x4b, 3, 4, 0, 0, 8, 0],
      [0xff, 0xd8, 0xff, 0xe0],
      [0xff, 0xfe, 0x3d, 0xd8, 0x2c, 0],
    ]) {
      expect(textOf(Uint8Array.from(bytes))).toBeNull();
    }
  });

  it('that is empty says nothing', () => {
    expect(textOf(new Uint8Array())).toBe('');
  });
});
