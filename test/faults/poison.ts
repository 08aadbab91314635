import { eventSubject } from '../../platform/messaging/event-stream.ts';
import { eventId } from '../../platform/foundation/event-id.ts';
import type { RawMessage } from './broker.ts';

/** By name: messages that no consumer can handle. They are on streams of their own, so that they block no others. */
export function poisonOf(prefix: string, publisher: string, name: string): Record<string, RawMessage> {
  const stream = (kind: string) => `poison-${kind}-${name}`;
  const message = (kind: string, attributes: Record<string, string>, payload: string): RawMessage => ({
    subject: eventSubject(prefix, publisher, stream(kind)),
    headers: Object.entries({
      specversion: '1.0',
      id: eventId(publisher, stream(kind), Number(attributes['sequence'] ?? 1)),
      source: `/ttareungi/${publisher}`,
      type: 'PointsDeducted',
      subject: stream(kind),
      time: '2026-01-01T00:00:00.000Z',
      sequence: '1',
      correlationid: 'poison',
      causationid: 'poison',
      ...attributes,
    }).map(([attribute, value]): [string, string] => [`ce-${attribute}`, value]),
    payload,
  });
  return {
    'no envelope': {
      subject: eventSubject(prefix, publisher, stream('bare')),
      headers: [['ce-id', `poison.${stream('bare')}`]],
      payload: 'not an event',
    },
    'no JSON': message('text', {}, '{"userId":'),
    'wrong data': message('schema', {}, '{"userId":7}'),
    'unknown type': message('type', { type: 'BikePainted' }, '{}'),
    'a later version of the envelope': message('version', { specversion: '2.0' }, '{}'),
    'one megabyte': message('size', {}, JSON.stringify({ userId: 'x'.repeat(1_000_000) })),
    'half a character': message('half', {}, '{"userId":"10\\ud83d"}'),
    'keys that are a database’s own': message('keys', {}, '{"userId":{"_bsontype":"ObjectId"}}'),
    'more levels than a database nests': message('deep', {}, `${'['.repeat(200)}${']'.repeat(200)}`),
    'a place its owner does not know': message('gap', { sequence: '7' }, '{}'),
    'the id of another event': message('id', { id: eventId(publisher, stream('other'), 1) }, '{}'),
    'a version that its id does not have': message('forged', { id: eventId(publisher, stream('forged'), 2) }, '{}'),
    'another source': message('source', { source: '/ttareungi/nobody' }, '{}'),
    'another subject': message('subject', { subject: stream('elsewhere') }, '{}'),
  };
}
