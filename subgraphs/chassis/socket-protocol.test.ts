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
    '',
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

it('the token is found wherever clients put it', () => {
  const token = 'Bearer x';
  for (const payload of [{ authorization: token }, { Authorization: token }, { headers: { Authorization: token } }]) {
    expect(authorizationOf(payload)).toBe(token);
  }
  expect(authorizationOf({ headers: 'x', authorization: 7 })).toBeUndefined();
  expect(authorizationOf(undefined)).toBeUndefined();
});
