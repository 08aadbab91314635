import { afterEach, expect, it, jest } from '@jest/globals';
import type { WebSocket } from 'ws';
import { createLogger } from './logger.ts';
import { endSession, receivePing, startSocketSession, type SessionHost } from './socket-session.ts';

afterEach(() => void jest.restoreAllMocks());

/** A session whose client does nothing but ping, and how often it was closed for it. */
function pinged() {
  const closings: number[] = [];
  const socket = { bufferedAmount: 0, pong: () => undefined, close: (code: number) => void closings.push(code) };
  const host = {
    initTimeoutMs: 60_000,
    sender: { frames: 1, bytes: 1 },
    logger: createLogger('silent', 'test'),
  } as unknown as SessionHost<unknown>;
  const session = startSocketSession(host, {}, socket as unknown as WebSocket, {} as never);
  return { closings, ping: () => receivePing(session, Buffer.alloc(0)), end: () => endSession(session) };
}

it('a client may ping every second for as long as it likes, and not a hundred times in one', () => {
  const now = jest.spyOn(performance, 'now').mockReturnValue(0);
  const client = pinged();
  for (let second = 1; second <= 1_000; second += 1) {
    now.mockReturnValue(second * 1_000);
    client.ping();
  }
  expect(client.closings).toEqual([]);
  for (let time = 0; time <= 100; time += 1) client.ping();
  expect(client.closings).toEqual([1008]);
  client.end();
});
