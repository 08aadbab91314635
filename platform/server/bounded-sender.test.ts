import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { closeSender, createBoundedSender, offer, roomIn, type Wire } from './bounded-sender.ts';

const limits = { frames: 100, bytes: 1_000_000 };

describe('a source that waits for room', () => {
  it.each([
    ['short', '{}'],
    ['long', 'x'.repeat(10_000)],
  ])('gets ever so many %s frames to a client that reads, however fast they come', async (_what, frame) => {
    let read = 0;
    const server = createServer((socket) => socket.on('data', ({ length }) => (read += length))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const sender = createBoundedSender(socket, limits);
    try {
      const count = 50 * limits.frames;
      let taken = 0;
      // Only promises between frames, as with a source whose data is at hand.
      while (taken < count && offer(sender, frame)) {
        taken += 1;
        await roomIn(sender);
      }
      expect(taken).toBe(count);
      socket.end();
      await once(socket, 'close');
      expect(read).toBe(count * frame.length);
    } finally {
      socket.destroy();
      server.close();
    }
  });

  it('waits while the client does not read, and goes on when it does or is gone', async () => {
    const unread: ((() => void) | undefined)[] = [];
    const wire: Wire = {
      get writableLength() {
        return unread.length * 2;
      },
      write: (_frame, _encoding, sent) => unread.push(sent),
    };
    const sender = createBoundedSender(wire, limits);
    const fill = () => {
      for (let frame = 0; frame < limits.frames; frame += 1) {
        const room = roomIn(sender);
        if (room) return room;
        expect(offer(sender, '{}')).toBe(true);
      }
      throw new Error('It never waited.');
    };
    const room = fill();
    for (const sent of unread.splice(0)) sent?.();
    await room;
    const last = fill();
    closeSender(sender);
    await last;
  });
});
