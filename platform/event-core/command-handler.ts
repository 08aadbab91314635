import type { Envelope } from '../../schema/events/envelope.ts';
import { sourceOf } from '../../schema/events/source.ts';
import { reachCrashPoint } from '../foundation/crash-points.ts';
import { isRefusal, type Decider, type Decision, type Refusal } from './decider.ts';
import { ConflictError } from '../foundation/errors.ts';
import { parseOrThrow } from '../foundation/contract.ts';
import { eventId, journalId } from '../foundation/event-id.ts';
import { chainHash, lastVersionOf, type Journal, type JournalDocument } from './journal.ts';
import { hashOf } from './canonical-json.ts';
import { createKeyedQueue } from '../foundation/keyed-queue.ts';
import { createLruCache } from '../foundation/lru-cache.ts';
import { realTime, type Time } from '../foundation/time.ts';

/** Where a command comes from; copied into the events it leads to. */
export interface Origin {
  /** Unique in the whole journal: `key:<caller>:<idempotency key>` or `<policy>:<event id>`. */
  cause: string;
  /** The cause was generated for this command: it cannot have come before. */
  isNew?: boolean;
  /** The stream was named for this command: it has no decisions yet, as a rule, so its head is read only if it has. */
  opens?: boolean;
  correlationId: string;
  causationId: string;
  traceparent?: string;
  /** What must be equal when the same cause comes again; by default the command itself. */
  body?: unknown;
  /** Receives the last event that the answer is about, decided now or before. */
  saw?: (eventId: string) => void;
}

export type Outcome<State, Event extends Envelope, Code extends string> =
  /** Decided now, or earlier under the same cause (`replayed`). */
  | { kind: 'decided'; document: JournalDocument<State, Event>; replayed: boolean }
  | { kind: 'refused'; refusal: Refusal<Code | 'IDEMPOTENCY_KEY_REUSED'>; state: State }
  /** The rules decided no event. */
  | { kind: 'unchanged'; state: State };

export interface CommandHandler<State, Command, Event extends Envelope, Code extends string> {
  /**
   * Decides on one stream.
   * @param complete gives the command in full once the rules accept it, so that a refusal uses up nothing scarce, like
   * the next number. The rules must decide alike on both.
   * @throws {ContractError} when the command leads to an event that breaks its contract: the input was bad.
   * @throws {ConflictError} when every attempt lost to another writer.
   * @throws {UnavailableError} when the journal does not answer; the outcome is unknown until the same cause comes
   * again.
   */
  handle(
    stream: string,
    command: Command,
    origin: Origin,
    complete?: () => Promise<Command>,
  ): Promise<Outcome<State, Event, Code>>;
  /** The aggregate as the journal has it now. */
  state(stream: string): Promise<State>;
}

export interface CommandHandlerOptions<State, Command, NewEvent, Event extends Envelope, Code extends string> {
  service: string;
  decider: Decider<State, Command, NewEvent, Code>;
  journal: Pick<Journal<State, Event>, 'head' | 'byCause' | 'append'>;
  /** Called once the decision stands, and awaited before the command is answered. */
  decided(document: JournalDocument<State, Event>): Promise<void>;
  /** Checks an event against its contract before it is written. @throws {Error} that says what does not fit. */
  parse(envelope: Envelope): Event;
  clock(): Date;
  /** How often to decide again after losing to another writer. */
  maxConflicts: number;
  /** After n losses in a row, the wait before the next try is random, up to n times this. */
  conflictDelayMs: number;
  /** How many streams' heads to remember. */
  headCacheSize: number;
  time?: Time;
  /** At least 0, below 1. */
  random?(): number;
}

interface Asked<Command> {
  command: Command;
  commandHash: string;
  /** The command in full, made once. */
  whole: (() => Promise<Command>) | undefined;
}

const isNothing = <NewEvent, Code extends string>(
  decision: Decision<NewEvent, Code>,
): decision is Refusal<Code> | readonly [] => isRefusal(decision) || decision.length === 0;

export function createCommandHandler<
  State,
  Command,
  NewEvent extends { type: string; data: unknown },
  Event extends Envelope,
  Code extends string,
>(options: CommandHandlerOptions<State, Command, NewEvent, Event, Code>): CommandHandler<State, Command, Event, Code> {
  const { decider, journal, conflictDelayMs, time = realTime, random = Math.random } = options;
  type Document = JournalDocument<State, Event>;
  type Head = Document | null;

  // A remembered head saves a read per command. It can be stale when other instances decide too: the insert detects
  // that for decisions, and a refusal is only given from a head that was read for it.
  const heads = createLruCache<string, Document>(options.headCacheSize);
  const lanes = createKeyedQueue();

  async function readHead(stream: string): Promise<Head> {
    const head = await journal.head(stream);
    if (head) heads.set(stream, head);
    return head;
  }

  async function handle(
    stream: string,
    command: Command,
    origin: Origin,
    complete?: () => Promise<Command>,
  ): Promise<Outcome<State, Event, Code>> {
    const commandHash = hashOf(origin.body ?? command);
    let whole: Command | undefined;
    const asked: Asked<Command> = {
      command,
      commandHash,
      whole: complete && (async () => (whole ??= await complete())),
    };
    for (let conflicts = 0; conflicts <= options.maxConflicts; conflicts += 1) {
      // The winner needs no read for its next decision, so a loser that tries again at once loses again.
      if (conflicts > 0) await time.wait(random() * conflictDelayMs * conflicts);
      const outcome = await attempt(stream, asked, origin, conflicts === 0);
      if (outcome) return outcome;
      heads.delete(stream);
    }
    throw new ConflictError(`${stream} was decided on by others ${options.maxConflicts + 1} times in a row.`);
  }

  /** One try; undefined when another writer was faster. */
  async function attempt(
    stream: string,
    asked: Asked<Command>,
    origin: Origin,
    mayRemember: boolean,
  ): Promise<Outcome<State, Event, Code> | undefined> {
    const remembered = mayRemember ? heads.get(stream) : undefined;
    const head = remembered ?? (mayRemember && origin.opens ? null : await readHead(stream));
    const state = head ? head.state : decider.initial;
    const at = options.clock().toISOString();
    const { commandHash } = asked;
    let decision = decider.decide(asked.command, state, at);
    if (asked.whole && !isNothing(decision)) decision = decider.decide(await asked.whole(), state, at);
    if (isNothing(decision)) {
      if (remembered || (mayRemember && origin.opens)) return attempt(stream, asked, origin, false);
      // The command may be a repetition of one that already changed the state it is now refused for.
      const earlier = origin.isNew ? null : await journal.byCause(origin.cause);
      if (earlier) return replay(earlier, stream, commandHash, origin);
      if (head) told(head, origin);
      return isRefusal(decision) ? { kind: 'refused', refusal: decision, state } : { kind: 'unchanged', state };
    }
    const document = compose(stream, head, decision, commandHash, origin, at);
    reachCrashPoint('before-insert');
    if (await journal.append(document)) {
      heads.set(stream, document);
      await options.decided(document);
      told(document, origin);
      return { kind: 'decided', document, replayed: false };
    }
    const earlier = await journal.byCause(origin.cause);
    return earlier ? replay(earlier, stream, commandHash, origin) : undefined;
  }

  function told(document: Document, { saw }: Origin): void {
    saw?.(eventId(options.service, document.stream, lastVersionOf(document)));
  }

  async function replay(
    document: Document,
    stream: string,
    commandHash: string,
    origin: Origin,
  ): Promise<Outcome<State, Event, Code>> {
    if (document.commandHash === commandHash) {
      told(document, origin);
      return { kind: 'decided', document, replayed: true };
    }
    // The key may be that of another stream, even of another kind: the answer is about the one that was asked.
    const head = await readHead(stream);
    if (head) told(head, origin);
    const because = 'This idempotency key was used before, with another body.';
    const state = head ? head.state : decider.initial;
    return { kind: 'refused', refusal: { refused: 'IDEMPOTENCY_KEY_REUSED', because }, state };
  }

  function compose(
    stream: string,
    head: Head,
    decision: readonly NewEvent[],
    commandHash: string,
    origin: Origin,
    at: string,
  ): Document {
    const version = lastVersionOf(head) + 1;
    // An event that consumers cannot read must never enter the journal: they would park it.
    const events = decision.map((event, index) =>
      parseOrThrow(
        {
          specversion: '1.0',
          id: eventId(options.service, stream, version + index),
          source: sourceOf(options.service),
          type: event.type,
          subject: stream,
          time: at,
          sequence: version + index,
          correlationid: origin.correlationId,
          causationid: origin.causationId,
          ...(origin.traceparent ? { traceparent: origin.traceparent } : {}),
          data: event.data,
        },
        (envelope) => options.parse(envelope),
      ),
    );
    const unchained = {
      _id: journalId(stream, version),
      stream,
      version,
      cause: origin.cause,
      commandHash,
      events,
      state: decision.reduce((state, event) => decider.evolve(state, event), head ? head.state : decider.initial),
      prevHash: head?.hash ?? '',
    };
    return { ...unchained, hash: chainHash(unchained), at: new Date(at), published: false };
  }

  return {
    // Commands of this process on one stream queue up instead of losing to each other.
    handle: (stream, command, origin, complete) => lanes.run(stream, () => handle(stream, command, origin, complete)),
    state: async (stream) => (await readHead(stream))?.state ?? decider.initial,
  };
}
