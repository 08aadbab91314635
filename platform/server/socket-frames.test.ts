import type { Writable } from 'node:stream';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import * as ws from 'ws';
import { bytesOf, serialised } from './serialised.ts';
import { textFrame } from './socket-frames.ts';

/** What the library reads; its types do not name it. */
const { Receiver } = ws as unknown as { Receiver: new () => Writable };

/** The messages that a client reads from these bytes. */
function read(bytes: string): string[] {
  const messages: string[] = [];
  const receiver = new Receiver();
  receiver.on('message', (data: Buffer) => messages.push(data.toString('utf8')));
  receiver.on('error', (error) => messages.push(String(error)));
  receiver.write(Buffer.from(bytes, 'latin1'));
  return messages;
}

describe('a text frame', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000, 1_000_000])('of %s bytes is read as it was', (length) => {
    const text = 'x'.repeat(length);
    const [first, second] = read(textFrame(text) + textFrame('next'));
    expect([first === text, second]).toEqual([true, 'next']);
  });

  it('is read as it was, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { maxLength: 5 }), (texts) => {
        expect(read(texts.map((text) => textFrame(bytesOf(text))).join(''))).toEqual(texts);
      }),
    );
  });
});

describe('an answer for many', () => {
  it('is made once for each form', () => {
    const forms = [jest.fn(bytesOf), jest.fn((text: string, cursor?: string) => `${cursor ?? ''} ${text}`)] as const;
    const answer = serialised('"따릉이"', '7');
    const made = [1, 2, 3].map(() => forms.map((form) => answer.as(form)));
    expect(new Set(made.map(String)).size).toBe(1);
    expect(made[0]?.[1]).toBe('7 "따릉이"');
    for (const form of forms) expect(form).toHaveBeenCalledTimes(1);
  });
});
