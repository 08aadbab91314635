import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBinaryMode, toBinaryMode, toHeaderValue } from '../../schema/events/envelope.ts';
import { allSubjects, eventSubject, publisherOf } from './event-stream.ts';
import { eventId, placeOf } from '../foundation/event-id.ts';

/** Possible names of streams: any length up to 255, line breaks, wildcards, dots, emoji, half a surrogate pair. */
const names = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }),
  fc.string({
    unit: fc.constantFrom('.', '*', '>', ' ', '%', '\r', '\n', '\t', '\0', '"', "'", '@', '#', '/', 'a'),
    minLength: 1,
  }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 255 })
    .map((units) => String.fromCharCode(...units)),
);

describe('a stream of any name', () => {
  it('has a subject of one token, from which its name can be read', () => {
    fc.assert(
      fc.property(names, (name) => {
        const subject = eventSubject('evt', 'bike', name);
        expect(subject).toMatch(/^evt\.bike\.[\x21-\x7e]+$/);
        expect(subject).not.toMatch(/[*>]/);
        expect(subject.split('.')).toHaveLength(3);
        expect(subject).not.toBe(allSubjects('evt', 'bike'));
        expect(publisherOf('evt', subject)).toEqual({ publisher: 'bike', stream: name.toWellFormed() });
      }),
    );
  });

  it('shares its subject with no other', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        const same = one.toWellFormed() === other.toWellFormed();
        expect(eventSubject('evt', 'bike', one) === eventSubject('evt', 'bike', other)).toBe(same);
      }),
    );
  });

  it('has events whose ids say where they stand, and fit into a header', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 1e9 }), (name, version) => {
        const id = eventId('bike', name, version);
        expect(placeOf(id)).toEqual({ service: 'bike', stream: name, version });
        expect(toHeaderValue(id)).toMatch(/^[\x21-\x7e]+$/);
        expect(decodeURIComponent(toHeaderValue(id))).toBe(id.toWellFormed());
      }),
    );
  });

  it('has events that arrive as they were sent', () => {
    fc.assert(
      fc.property(names, names, (name, text) => {
        const event = {
          specversion: '1.0' as const,
          id: eventId('bike', name, 1),
          source: '/ttareungi/bike',
          type: 'BikeRegistered',
          subject: name,
          time: '2026-11-26T00:00:00.000Z',
          sequence: 1,
          correlationid: text,
          causationid: text,
          data: { text: text.toWellFormed() },
        };
        const { headers, payload } = toBinaryMode(event);
        const carried = new Map(headers);
        const wellFormed = {
          ...event,
          id: event.id.toWellFormed(),
          subject: name.toWellFormed(),
          correlationid: text.toWellFormed(),
          causationid: text.toWellFormed(),
        };
        expect(fromBinaryMode((header) => carried.get(header), payload)).toEqual(wellFormed);
      }),
    );
  });

  it('is refused before the broker would cut the connection', () => {
    expect(eventSubject('evt', 'point', `account-${'한'.repeat(255)}`).length).toBeLessThan(3_500);
    expect(() => eventSubject('evt', 'point', 'x'.repeat(5_000))).toThrow('too long');
  });
});
