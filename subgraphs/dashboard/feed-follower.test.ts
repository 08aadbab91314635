import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { otherSpellings } from '../../test/support/spellings.ts';
import { cursorOf, readCursor } from './feed-follower.ts';

describe('a cursor of the feed', () => {
  const number = fc.nat({ max: Number.MAX_SAFE_INTEGER });

  it('is read as it was written, and in no other spelling', () => {
    fc.assert(
      fc.property(number, number, (version, index) => {
        const cursor = cursorOf(version, index);
        expect(readCursor(cursor)).toEqual({ version, index });
        for (const other of otherSpellings(cursor)) expect(readCursor(other)).toBeNull();
      }),
    );
  });

  it.each(['01.2', '1.02', '1', '1.2.3', '-1.2', '1.2 ', '9999999999999999.1', '١.٢'])('is not %j', (text) => {
    expect(readCursor(Buffer.from(text).toString('base64url'))).toBeNull();
  });
});
