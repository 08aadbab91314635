import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { assert, constantFrom, property, array, string, tuple } from 'fast-check';
import { compress, compressOnce, encodingFor } from './compression.ts';

describe('the encoding of an answer', () => {
  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['br; q=0.000', undefined],
    ['*', 'br'],
    ['*;q=0.1, br;q=0', 'gzip'],
    ['identity', undefined],
    ['identity;q=0.5, gzip;q=0.4', undefined],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['gzip;q=2', undefined],
    ['deflate, zstd', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('for %j is %s', (accepted, encoding) => {
    expect(encodingFor(accepted)).toBe(encoding);
  });

  it('is never one that the client excludes, whatever else it says', () => {
    const item = tuple(
      constantFrom('br', 'gzip', '*', 'identity', 'x'),
      constantFrom('', ';q=0', ';q=0.3', ';q=1', ';;'),
    );
    assert(
      property(array(item, { maxLength: 6 }), string(), (items, rest) => {
        const accepted = items.map((parts) => parts.join('')).join(', ');
        const chosen = encodingFor(accepted);
        const last = items.findLast(([name]) => name === chosen);
        if (chosen !== undefined && last) expect(last[1]).not.toBe(';q=0');
        if (chosen !== undefined) expect(items.some(([name]) => name === chosen || name === '*')).toBe(true);
        expect(() => encodingFor(`${accepted},${rest}`)).not.toThrow();
      }),
    );
  });

  it('gives the text back', async () => {
    const text = '따릉이 '.repeat(1_000);
    expect(brotliDecompressSync(await compress(text, 'br')).toString()).toBe(text);
    expect(gunzipSync(await compress(text, 'gzip')).toString()).toBe(text);
  });

  it('is made once of the same bytes, each of the two', async () => {
    const body = Buffer.from('따릉이 '.repeat(1_000));
    const [one, again, other] = [compressOnce(body, 'br'), compressOnce(body, 'br'), compressOnce(body, 'gzip')];
    expect(again).toBe(one);
    expect(brotliDecompressSync(await one)).toEqual(body);
    expect(gunzipSync(await other)).toEqual(body);
  });
});
