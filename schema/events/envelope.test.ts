import { describe, expect, it } from '@jest/globals';
import { fromBinaryMode, toBinaryMode, type Envelope } from './envelope.ts';

const event: Envelope = {
  specversion: '1.0',
  id: 'point.account-10@3',
  source: '/ttareungi/point',
  type: 'PointsDeducted',
  subject: 'account-10',
  time: '2026-11-23T09:00:00.000Z',
  sequence: 3,
  correlationid: 'story',
  causationid: 'reservation.bike-17@2',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  data: { userId: '10', note: '초록 "따릉이" 100%' },
};

/** Through the broker, with some headers or the payload changed on the way (`undefined` = lost). */
function carry(sent: Envelope, changed: Record<string, string | undefined> = {}, payload?: string): Envelope {
  const message = toBinaryMode(sent);
  const headers = new Map<string, string | undefined>([...message.headers, ...Object.entries(changed)]);
  return fromBinaryMode((name) => headers.get(name), payload ?? message.payload);
}

describe('an event on NATS', () => {
  it('arrives as it was sent', () => {
    expect(carry(event)).toEqual(event);
  });

  it('arrives without a trace when it was sent without one', () => {
    const { traceparent: _traceparent, ...untraced } = event;
    expect(carry(untraced)).toEqual(untraced);
    expect(toBinaryMode(untraced).headers.map(([name]) => name)).not.toContain('ce-traceparent');
  });

  it.each(['account-김 철수', 'a "quoted" name', '100%', '%20', '100%25 "김"', 'tab\tand\r\nline', '🚲', "a'b(c)!*~"])(
    'keeps the stream %p, and its headers are printable ASCII',
    (subject) => {
      const { headers } = toBinaryMode({ ...event, subject });
      for (const [, value] of headers) expect(value).toMatch(/^[\x21-\x7e]+$/);
      expect(carry({ ...event, subject })).toEqual({ ...event, subject });
    },
  );

  it('encodes what the NATS binding names, and nothing else', () => {
    const { headers } = toBinaryMode({ ...event, subject: 'a b"c%d/e:f&g' });
    expect(new Map(headers).get('ce-subject')).toBe('a%20b%22c%25d/e:f&g');
  });

  it('has its attributes as headers and its data as JSON', () => {
    const { headers, payload } = toBinaryMode(event);
    expect(Object.fromEntries(headers)).toMatchObject({
      'ce-datacontenttype': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': 'point.account-10@3',
      'ce-sequence': '3',
    });
    expect(JSON.parse(payload)).toEqual(event.data);
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['id', { 'ce-id': undefined }],
    ['source', { 'ce-source': '' }],
    ['type', { 'ce-type': undefined }],
    ['subject', { 'ce-subject': undefined }],
    ['specversion', { 'ce-specversion': '0.3' }],
    ['time', { 'ce-time': 'yesterday' }],
    ['time', { 'ce-time': '2026-11-23' }],
    ['sequence', { 'ce-sequence': undefined }],
    ['sequence', { 'ce-sequence': 'three' }],
    ['sequence', { 'ce-sequence': '1.5' }],
    ['sequence', { 'ce-sequence': '0' }],
    ['correlationid', { 'ce-correlationid': undefined }],
    ['causationid', { 'ce-causationid': undefined }],
  ])('without a good %s is refused, and the error names it', (attribute, changed) => {
    expect(() => carry(event, changed)).toThrow(new RegExp(`^${attribute}: `));
  });

  it('whose headers or payload make no sense is refused', () => {
    expect(() => carry(event, { 'ce-subject': '%E0%A4%A' })).toThrow();
    expect(() => carry(event, {}, '{"userId":')).toThrow();
    expect(() => carry(event, {}, '')).toThrow();
  });

  it('whose header is wrongly encoded is refused by an error that names it', () => {
    expect(() => carry(event, { 'ce-subject': '%E0%A4%A' })).toThrow(/subject/);
  });

  it('whose payload is no JSON is refused by an error that names it', () => {
    expect(() => carry(event, {}, '{"userId":')).toThrow(/data|payload/);
  });

  it('of a version to come, with headers that are not known yet, arrives', () => {
    expect(carry(event, { 'ce-dataschema': 'https://example.org', 'Nats-Msg-Id': 'x' })).toEqual(event);
  });
});
