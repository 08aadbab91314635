import { isShortage, type Place, type Shortage } from './places.ts';

/** All frames to one client, of which only this many may wait for it to read. */
export interface BoundedSender {
  /** False, and nothing is sent, when the client is too slow. */
  offer(frame: string): boolean;
  /**
   * For what a client must be told, above all the end of an operation: it may use a reserve when `offer` would not
   * send. False when the reserve is used up too: such a client reads nothing at all.
   */
  tell(frame: string): boolean;
  /** Resolves once the client reads again, for sources that can wait; undefined when it already does. */
  room(): Promise<void> | undefined;
  close(): void;
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

/** From here on, a source that can wait does. */
const comfortableBytes = 65_536;
/** Or from this share of the frames: a network that accepts everything at once says so only when the source pauses. */
const comfortableShare = 0.5;

/** What `tell` may use beyond the limits. */
const reserve: SenderLimits = { frames: 500, bytes: 262_144 };

/** @param waiting total of all clients' unread bytes; called only for those that do not read at once. */
export function createBoundedSender(wire: Wire, limits: SenderLimits, waiting?: () => Place | Shortage): BoundedSender {
  let frames = 0;
  let held = 0;
  let place: Place | undefined;
  // One function for all frames: ten thousand clients would pay for a closure per frame.
  const sent = () => {
    frames -= 1;
    if (held > 0) account();
    if (waiters.length > 0 && isComfortable()) wakeAll();
  };
  const isComfortable = () => frames < limits.frames * comfortableShare && wire.bufferedBytes() <= comfortableBytes;
  const waiters: (() => void)[] = [];

  function wakeAll(): void {
    for (const wake of waiters.splice(0)) wake();
  }

  /** Whether the unread bytes of all clients are within their shared limit. */
  function account(): boolean {
    const now = wire.bufferedBytes();
    if (now === held || !waiting) return true;
    if (!place) {
      const taken = waiting();
      if (isShortage(taken)) return false;
      place = taken;
    }
    if (place.grow(now - held)) return false;
    held = now;
    return true;
  }

  function send(frame: string): void {
    frames += 1;
    wire.send(frame, sent);
  }

  return {
    offer(frame) {
      const buffered = wire.bufferedBytes();
      if (frames >= limits.frames || buffered > limits.bytes) return false;
      if (buffered > 0 && !account()) return false;
      send(frame);
      return true;
    },
    tell(frame) {
      if (frames >= limits.frames + reserve.frames) return false;
      if (wire.bufferedBytes() > limits.bytes + reserve.bytes) return false;
      send(frame);
      return true;
    },
    room() {
      if (isComfortable()) return undefined;
      return new Promise((resolve) => waiters.push(resolve));
    },
    close() {
      wakeAll();
      place?.leave();
      held = 0;
    },
  };
}

export const slowConsumerMessage =
  'Updates arrive faster than this client reads them. Subscribe again, after the last cursor where there is one.';
