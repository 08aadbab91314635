/** Frames to one client, of which only so many may wait for it to read. */
export interface BoundedSender {
  /** False, and nothing is sent, when the client is too slow. */
  offer(frame: string): boolean;
}

export interface Wire {
  /** Calls `sent` once the frame has left for the network. */
  send(frame: string, sent: () => void): void;
  bufferedBytes(): number;
}

export interface SenderLimits {
  frames: number;
  bytes: number;
}

export function createBoundedSender(wire: Wire, limits: SenderLimits): BoundedSender {
  let waiting = 0;
  // One function for all frames: ten thousand clients would pay for a closure per frame.
  const sent = () => {
    waiting -= 1;
  };
  return {
    offer(frame) {
      if (waiting >= limits.frames || wire.bufferedBytes() > limits.bytes) return false;
      waiting += 1;
      wire.send(frame, sent);
      return true;
    },
  };
}

export const slowConsumerMessage =
  'Updates arrive faster than this client reads them. Subscribe again, after the last cursor where there is one.';
