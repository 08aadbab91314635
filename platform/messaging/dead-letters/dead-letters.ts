import type { Envelope } from '../../../schema/events/envelope.ts';
import type { ErrorClass, ParkedMessage } from './parked-message.ts';
import type { FirstInLine, DeadLetterStore } from './store.ts';

/** Sequenced dead letters: later messages of a subject wait behind the one that failed, all other subjects flow. */
export interface DeadLetters {
  /** Records another failed attempt, in the database so that the count survives a restart. */
  recordAttempt(message: FailedMessage): Promise<number>;
  park(message: FailedMessage): Promise<void>;
  /** Whether messages of this subject are parked, as far as this instance knows. */
  blocks(subject: string): boolean;
  /** The parked message of a subject that all others wait for, as the database knows. */
  first(subject: string): Promise<FirstInLine | null>;
  /** That of every subject that has one. */
  firsts(): Promise<FirstInLine[]>;
  list(limit: number): Promise<ParkedMessage[]>;
  /** A subject's parked messages, by version. */
  ofSubject(subject: string): Promise<ParkedMessage[]>;
  get(id: string): Promise<ParkedMessage | null>;
  settle(id: string, status: 'redriven' | 'discarded', reason?: string): Promise<void>;
  /** Forgets a failed attempt that was followed by success. */
  clear(id: string): Promise<void>;
  count(): Promise<number>;
  /** What operators gave up, or are just giving up: `<subject>#<version>`. */
  discarded(): Promise<Set<string>>;
  createIndexes(): Promise<void>;
}

export interface FailedMessage {
  id: string;
  subject: string;
  version: number | null;
  event: Envelope | null;
  payload: string;
  errorClass: ErrorClass;
  error: Error;
}

export function createDeadLetters(table: DeadLetterStore, clock: () => Date): DeadLetters {
  // A hint only: another instance may have redriven what this one knows as parked. The collection decides.
  const blocked = new Set<string>();

  function record({ id, error, ...rest }: FailedMessage, status: 'retrying' | 'parked', attempts: number) {
    const said = { error: error.message, stack: error.stack ?? '' };
    return table.put(id, { ...rest, ...said, status, reason: null, lastAt: clock() }, attempts);
  }

  async function first(subject: string): Promise<FirstInLine | null> {
    const found = await table.firstOf(subject);
    if (found) blocked.add(subject);
    else blocked.delete(subject);
    return found;
  }

  async function firsts(): Promise<FirstInLine[]> {
    const found = await table.firsts();
    for (const { subject } of found) blocked.add(subject);
    return found;
  }

  return {
    createIndexes: () => table.createIndexes(),
    recordAttempt: async (message) => (await record(message, 'retrying', 1)).attempts,
    async park(message) {
      await record(message, 'parked', message.errorClass === 'contract' ? 1 : 0);
      if (message.version !== null) blocked.add(message.subject);
    },
    blocks: (subject) => blocked.has(subject),
    first,
    firsts,
    list: (limit) => table.oldest(limit),
    ofSubject: (subject) => table.ofSubject(subject),
    get: (id) => table.get(id),
    async settle(id, status, reason) {
      const settled = await table.settle(id, { status, reason: reason ?? null, lastAt: clock() });
      if (settled) await first(settled.subject);
    },
    clear: (id) => table.removeRetrying(id),
    count: () => table.count(),
    async discarded() {
      return new Set((await table.discarded()).map(({ subject, version }) => `${subject}#${version}`));
    },
  };
}
