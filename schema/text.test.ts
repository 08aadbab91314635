import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { charactersIn, cut, isText, sanitizeText, readText, textRuleOf, textRules, wordsFor } from './text.ts';

const { userId, idempotencyKey, reason, color } = textRules;
const faultOf = (text: string, rule = textRuleOf('reason')) => readText(text, rule).fault;

/** Of whole characters, and of any code units. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

describe('a text', () => {
  it('is kept as it came, but for the blanks around what people read', () => {
    for (const text of ['초록', 'e\u0301', '\u00e9', '👨‍👩‍👧', '❤️', 'a\nb', 'a\r\nb', '‏שלום', 'x\uFFFD', '\uE000x']) {
      expect(readText(` ${text}\n`, reason)).toEqual({ text, fault: null });
    }
    expect(readText('', reason)).toEqual({ text: '', fault: null });
    expect(isText(' green', color)).toBe(false);
    expect(isText('green', color)).toBe(true);
  });

  it('with half a character is refused', () => {
    for (const text of ['\ud83d', 'a\udc00', '\udc00\ud83d', 'k\ud800']) {
      for (const rule of [reason, color, userId, idempotencyKey, textRuleOf('anything')]) {
        expect(faultOf(text, rule)).toBe('NOT_WELL_FORMED');
      }
    }
  });

  it('with a control character is refused, line breaks in a reason aside', () => {
    for (const text of [
      'a\0b',
      'a\rb',
      'a\tb',
      'a\u001bb',
      'a\u007fb',
      'a\u0085b',
      'a\u009bb',
      'a\u2028b',
      'a\u2029b',
    ]) {
      for (const rule of [reason, color, userId, textRuleOf('service')]) {
        expect(faultOf(text, rule)).toBe('CONTROL_CHARACTER');
      }
    }
    expect(faultOf('a\nb', color)).toBe('CONTROL_CHARACTER');
    expect(faultOf('10\r', userId)).toBe('CONTROL_CHARACTER');
  });

  it('that turns text around, or hides some, is refused', () => {
    for (const text of [
      'a\u202eb',
      'a\u2066b',
      'a\u2069b',
      'a\u206ab',
      'a\ufff9b',
      'a\u{e0041}b',
      'a\ufdd0b',
      'a\u{1ffff}b',
    ]) {
      for (const rule of [reason, color, userId, textRuleOf('service')]) {
        expect(faultOf(text, rule)).toBe('HIDDEN_CHARACTER');
      }
    }
  });

  it('in which nothing can be seen is refused', () => {
    const unseen = [
      '\u200b',
      '\u3164',
      '\u115f\u1160',
      '\uffa0',
      '\u2800',
      '\u00ad',
      '\u0301',
      '\ufe0f',
      '\u200d\u2060',
      '\ue000',
    ];
    for (const text of unseen) {
      expect(faultOf(text)).toBe('INVISIBLE');
      expect(faultOf(text, color)).toBe('INVISIBLE');
      expect(faultOf(text, userId)).not.toBeNull();
    }
  });

  it('that is a name shows all that it has', () => {
    for (const text of ['10\u200b', '1\u00a00', '1\u30000', '\u31640', '1\u00ad0', '1\u200e0', '1\u28000']) {
      expect(faultOf(text, userId)).toBe('HIDDEN_CHARACTER');
    }
    for (const text of [' 10', '10 ', ' ']) expect(faultOf(text, userId)).toBe('BLANK_AROUND');
    for (const text of ['10', '홍 길동', 'auth0|5f7c', 'a@b.kr', '👍']) expect(faultOf(text, userId)).toBeNull();
  });

  it('is bounded, and counted as people count', () => {
    expect(faultOf('', userId)).toBe('TOO_SHORT');
    expect(faultOf('👍'.repeat(255), userId)).toBeNull();
    expect(faultOf('👍'.repeat(256), userId)).toBe('TOO_LONG');
    expect(faultOf('x'.repeat(500))).toBeNull();
    expect(faultOf('x'.repeat(501))).toBe('TOO_LONG');
    expect(faultOf(`${' '.repeat(5_000)}x`)).toBeNull();
    expect(faultOf('x'.repeat(50_000_000))).toBe('TOO_LONG');
    expect(charactersIn('a👍e\u0301')).toBe(4);
  });

  it('is never quoted where it is refused', () => {
    for (const rule of Object.values(textRules)) expect(wordsFor('TOO_LONG', rule)).toMatch(/^must have/);
    expect(textRuleOf('__proto__')).toBe(textRuleOf('constructor'));
  });

  it('that is taken comes back the same from JSON and UTF-8, whatever it is', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...Object.values(textRules)), (raw, rule) => {
        const { text } = readText(raw, rule);
        if (text === null) return;
        expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text);
        expect(JSON.parse(JSON.stringify({ text }))).toEqual({ text });
        expect(readText(text, rule)).toEqual({ text, fault: null });
        expect(text).toBe('trimmed' in rule ? raw.trim() : raw);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4 * rule.longest);
      }),
      { numRuns: 2_000 },
    );
  });

  it('from outside is sanitized and cut, and is fit then', () => {
    expect(sanitizeText('no\ud83d \u202egold\0', 100)).toBe('no\ufffd \ufffdgold\ufffd');
    expect(cut('ab👍', 3)).toBe('ab');
    expect(cut('ab👍', 4)).toBe('ab👍');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), fc.integer({ min: 1, max: 20 }), (units, longest) => {
        const text = sanitizeText(String.fromCharCode(...units), longest);
        expect(text.isWellFormed()).toBe(true);
        expect(text.length).toBeLessThanOrEqual(longest);
        expect(readText(text, { shortest: 0, longest: 100, lines: true }).fault).toBeNull();
      }),
    );
  });
});
