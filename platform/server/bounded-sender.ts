import { isShortage, type Place, type Shortage } from './places.ts';

/** All frames to one client, of which only this many may wait for it to read. */
export interface BoundedSender {
  readonly wire: Wire;
  readonly limits: SenderLimits;
  /** Total of all clients' unread bytes; called only for clients that do not read at once. */
  readonly waiting: (() => Place | Shortage) | undefined;
  /** Those that had to wait behind another, and still do. */
  frames: number;
  /** Bytes that are accounted for. */
  held: number;
  place: Place | undefined;
  waiters: (() => void)[] | undefined;
  /** One function for all of its frames. */
  sent: (() => void) | undefined;
}

/** The stream to a client. */
export interface Wire {
  /** In bytes. */
  readonly writableLength: number;
  /** Calls `sent` once the frame has left for the network. */
  write(frame: string, encoding: 'latin1', sent?: () => void): unknown;
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

export const createBoundedSender = (
  wire: Wire,
  limits: SenderLimits,
  waiting?: BoundedSender['waiting'],
): BoundedSender => ({
  wire,
  limits,
  waiting,
  frames: 0,
  held: 0,
  place: undefined,
  waiters: undefined,
  sent: undefined,
});

/**
 * Sends a frame of bytes (serialised.ts).
 * @returns false, and nothing is sent, when the client is too slow.
 */
export function offer(sender: BoundedSender, frame: string): boolean {
  const { wire, limits } = sender;
  const buffered = wire.writableLength;
  if (buffered > 0 && (sender.frames >= limits.frames || buffered > limits.bytes || !account(sender))) return false;
  send(sender, frame, buffered);
  return true;
}

/**
 * For what a client must be told, above all the end of an operation: it may use a reserve when `offer` would not send.
 * @returns false when the reserve is used up too: such a client reads nothing at all.
 */
export function tell(sender: BoundedSender, frame: string): boolean {
  const { wire, limits } = sender;
  const buffered = wire.writableLength;
  if (sender.frames >= limits.frames + reserve.frames || buffered > limits.bytes + reserve.bytes) return false;
  send(sender, frame, buffered);
  return true;
}

/** Resolves once the client reads again, for sources that can wait; undefined when it already does. */
export function roomIn(sender: BoundedSender): Promise<void> | undefined {
  if (isComfortable(sender)) return undefined;
  return new Promise((resolve) => (sender.waiters ??= []).push(resolve));
}

export function closeSender(sender: BoundedSender): void {
  wakeAll(sender);
  sender.place?.leave();
  sender.held = 0;
}

function send(sender: BoundedSender, frame: string, buffered: number): void {
  // To a client that reads, Node writes at once; to tell us so would cost as much again as the frame.
  if (buffered === 0 && frame.length <= comfortableBytes) {
    sender.wire.write(frame, 'latin1');
    return;
  }
  sender.frames += 1;
  sender.sent ??= () => onSent(sender);
  sender.wire.write(frame, 'latin1', sender.sent);
}

function onSent(sender: BoundedSender): void {
  sender.frames -= 1;
  if (sender.held > 0) account(sender);
  if (sender.waiters && isComfortable(sender)) wakeAll(sender);
}

const isComfortable = ({ frames, limits, wire }: BoundedSender) =>
  frames < limits.frames * comfortableShare && wire.writableLength <= comfortableBytes;

function wakeAll(sender: BoundedSender): void {
  const { waiters } = sender;
  sender.waiters = undefined;
  for (const wake of waiters ?? []) wake();
}

/** Whether the unread bytes of all clients are within their shared limit. */
function account(sender: BoundedSender): boolean {
  const { held, waiting } = sender;
  const now = sender.wire.writableLength;
  if (now === held || !waiting) return true;
  if (!sender.place) {
    const taken = waiting();
    if (isShortage(taken)) return false;
    sender.place = taken;
  }
  if (sender.place.grow(now - held)) return false;
  sender.held = now;
  return true;
}

export const slowConsumerMessage =
  'Updates arrive faster than this client reads them. Subscribe again, after the last cursor where there is one.';
