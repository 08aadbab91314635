import { describe, expect, it } from '@jest/globals';
import { authorizationOf, closeReason, nextPrefix, parseClientMessage } from './socket-protocol.ts';

describe('a client message', () => {
  it('is read, and what the protocol does not know is left out', () => {
    const message = {
      type: 'subscribe',
      id: '1',
      payload: { query: '{ x }', operationName: null, variables: null, more: 1 },
    };
    expect(parseClientMessage(JSON.stringify(message))).toEqual({
      type: 'subscribe',
      id: '1',
      payload: { query: '{ x }', operationName: null },
    });
  });

  it.each([
    [{ query: '{ x }', documentId: null }, { query: '{ x }' }],
    [
      { query: null, documentId: 'x' },
      { query: '', documentId: 'x' },
    ],
    [{ documentId: 'x' }, { query: '', documentId: 'x' }],
    [{ query: '' }, { query: '' }],
  ])('asks with %j for %j: null is what is left out', (payload, read) => {
    expect(parseClientMessage(JSON.stringify({ type: 'subscribe', id: '1', payload }))).toEqual({
      type: 'subscribe',
      id: '1',
      payload: read,
    });
  });

  it.each([
    '',
    '{"type":"subscribe","id":"1","payload":{}}',
    '{"type":"subscribe","id":"1","payload":{"query":null}}',
    '{"type":"subscribe","id":"1","payload":{"query":7}}',
    '[]',
    '7',
    '{"type":"next"}',
    '{"type":"complete"}',
    '{"type":"complete","id":""}',
    '{"type":"ping","payload":1}',
  ])('is invalid: %s', (text) => {
    expect(parseClientMessage(text).type).toBe('invalid');
  });
});

it('a payload follows its prefix to make one JSON message, whatever the id', () => {
  expect(JSON.parse(`${nextPrefix('a"}\\')}{"data":1}}`)).toEqual({ id: 'a"}\\', type: 'next', payload: { data: 1 } });
});

it('a close reason fits into its frame', () => {
  expect(closeReason('short')).toBe('short');
  expect(Buffer.byteLength(closeReason('예약'.repeat(100)))).toBeLessThanOrEqual(123);
  expect(closeReason('예약'.repeat(100))).not.toContain('\uFFFD');
});

describe.each(['connection_init', 'ping'] as const)('the token of %s', (message) => {
  const token = 'Bearer x';
  const names = ['authorization', 'Authorization', 'AUTHORIZATION'];

  it.each(names)('is found wherever clients put it: %s', (name) => {
    for (const payload of [{ [name]: token }, { headers: { [name]: token } }]) {
      expect(authorizationOf(message, payload)).toBe(token);
    }
    expect(authorizationOf(message, { [name]: token, headers: { authorization: token } })).toBe(token);
  });

  it('is none where there is none', () => {
    for (const payload of [undefined, {}, { headers: 'x' }, { headers: [] }, { headers: null }, { token }]) {
      expect(authorizationOf(message, payload)).toBeUndefined();
    }
  });

  it.each([[7], [null], [true], [[token]], [{ Bearer: 'x' }], [0], [false]])('is refused when it is %j', (value) => {
    for (const name of names) {
      for (const payload of [
        { [name]: value },
        { headers: { [name]: value } },
        { [name]: value, headers: { authorization: token } },
        { authorization: token, headers: { [name]: value } },
      ]) {
        expect(() => authorizationOf(message, payload)).toThrow(`The "authorization" of ${message} must be text`);
      }
    }
  });

  it('is refused when there are two', () => {
    for (const payload of [
      { authorization: token, Authorization: 'Bearer y' },
      { authorization: token, headers: { authorization: 'Bearer y' } },
      { authorization: '', headers: { authorization: token } },
    ]) {
      expect(() => authorizationOf(message, payload)).toThrow(`${message} has more than one`);
    }
  });
});
