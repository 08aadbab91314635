import { Schema, type Connection } from 'mongoose';
import type { ErrorClass, ParkedAction, ParkedMessage } from './parked-message.ts';

/**
 * Sequenced dead letters: later messages of a subject wait behind the one that failed, all other subjects flow. They
 * are kept in the collection `parked`.
 */
export interface DeadLetters {
  /**
   * Records another failed attempt, in the database so that the count survives a restart. What is parked behind others
   * stays parked: the broker will not bring it again.
   */
  recordAttempt(message: FailedMessage): Promise<number>;
  park(message: FailedMessage): Promise<void>;
  /** Whether messages of this subject are parked, as far as this instance knows. */
  blocks(subject: string): boolean;
  /** The parked message of a subject that all others wait for, as the database knows. */
  first(subject: string): Promise<FirstInLine | null>;
  /** That of every subject that has one. */
  firsts(): Promise<FirstInLine[]>;
  /** A subject's parked messages that block each other, the first in line first. */
  inLine(subject: string): Promise<ParkedMessage[]>;
  /** The one that waits longest first; `after` is the last of the page before. */
  list(
    status: ParkedMessage['status'],
    after: { at: Date; id: string } | null,
    limit: number,
  ): Promise<ParkedMessage[]>;
  get(id: string): Promise<ParkedMessage | null>;
  settle(id: string, status: 'redriven' | 'discarded', reason?: string): Promise<void>;
  /** Messages of which an attempt has failed, and that are tried again: perhaps by a process that has died since. */
  triedAgain(): Promise<Pick<FirstInLine, '_id' | 'subject' | 'version'>[]>;
  /** Forgets a failed attempt that was followed by success. */
  clear(id: string): Promise<void>;
  count(status?: ParkedMessage['status']): Promise<number>;
  /** Keeps an operator's order with the message, once. */
  ordered(id: string, action: ParkedAction): Promise<void>;
  /** Keeps what came of an order. */
  carriedOut(id: string, key: string, answer: ParkedAction['answer']): Promise<void>;
  /** What operators gave up, or are just giving up: `<subject>#<version>`. */
  discarded(): Promise<Set<string>>;
  createIndexes(): Promise<void>;
}

export interface FailedMessage {
  id: string;
  subject: string;
  version: number | null;
  event: ParkedMessage['event'];
  payload: string;
  errorClass: ErrorClass;
  error: Error;
}

export type FirstInLine = Pick<ParkedMessage, '_id' | 'subject' | 'errorClass' | 'lastAt'> & { version: number };

const schema = new Schema<ParkedMessage>(
  {
    _id: String,
    subject: String,
    version: Number,
    event: Schema.Types.Mixed,
    payload: String,
    errorClass: String,
    error: String,
    stack: String,
    attempts: Number,
    status: String,
    reason: String,
    firstAt: Date,
    lastAt: Date,
    actions: Schema.Types.Mixed,
  },
  { collection: 'parked', versionKey: false, minimize: false },
);
schema.index({ status: 1, subject: 1, version: 1 });
schema.index({ status: 1, firstAt: 1 });

const blocking = { status: 'parked', version: { $ne: null } } as const;
const place = { subject: 1, version: 1, errorClass: 1, lastAt: 1 } as const;

export function createDeadLetters(database: Connection, clock: () => Date): DeadLetters {
  const model = database.model<ParkedMessage>('Parked', schema);
  // A hint only: another instance may have redriven what this one knows as parked. The collection decides.
  const blocked = new Set<string>();

  function record({ id, error, ...rest }: FailedMessage, status: 'retrying' | 'parked', attempts: number) {
    const now = clock();
    const known = { ...rest, error: error.message, stack: error.stack ?? '', status, reason: null, lastAt: now };
    const change = { $set: known, $setOnInsert: { firstAt: now }, $inc: { attempts } };
    return model
      .findOneAndUpdate({ _id: id }, change, { upsert: true, returnDocument: 'after' })
      .lean<ParkedMessage>()
      .orFail()
      .exec();
  }

  async function first(subject: string): Promise<FirstInLine | null> {
    const found = await model
      .findOne({ ...blocking, subject })
      .sort({ version: 1 })
      .select(place)
      .lean<FirstInLine>()
      .exec();
    if (found) blocked.add(subject);
    else blocked.delete(subject);
    return found;
  }

  return {
    async createIndexes() {
      await model.createIndexes();
    },
    async recordAttempt(message) {
      const { _id, error, stack } = { _id: message.id, error: message.error.message, stack: message.error.stack ?? '' };
      const parked = await model
        .findOneAndUpdate(
          { _id, status: 'parked' },
          { $set: { error, stack, lastAt: clock() }, $inc: { attempts: 1 } },
          { returnDocument: 'after' },
        )
        .lean<ParkedMessage>()
        .exec();
      return (parked ?? (await record(message, 'retrying', 1))).attempts;
    },
    async park(message) {
      await record(message, 'parked', message.errorClass === 'contract' ? 1 : 0);
      if (message.version !== null) blocked.add(message.subject);
    },
    blocks: (subject) => blocked.has(subject),
    first,
    async firsts() {
      const parked = await model
        .find(blocking)
        .sort({ subject: 1, version: 1 })
        .select(place)
        .lean<FirstInLine[]>()
        .exec();
      const found = parked.filter(({ subject }, index) => parked[index - 1]?.subject !== subject);
      for (const { subject } of found) blocked.add(subject);
      return found;
    },
    inLine: (subject) =>
      model
        .find({ ...blocking, subject })
        .sort({ version: 1 })
        .lean<ParkedMessage[]>()
        .exec(),
    list(status, after, limit) {
      const beyond = after && { $or: [{ firstAt: { $gt: after.at } }, { firstAt: after.at, _id: { $gt: after.id } }] };
      return model
        .find({ status, ...beyond })
        .sort({ firstAt: 1, _id: 1 })
        .limit(limit)
        .lean<ParkedMessage[]>()
        .exec();
    },
    get: (id) => model.findById(id).lean<ParkedMessage>().exec(),
    async settle(id, status, reason) {
      const change = { $set: { status, reason: reason ?? null, lastAt: clock() } };
      const settled = await model.findOneAndUpdate({ _id: id }, change, { returnDocument: 'after' }).lean().exec();
      if (settled) await first(settled.subject);
    },
    triedAgain: () =>
      model
        .find({ status: 'retrying', version: { $ne: null } })
        .select(place)
        .lean<FirstInLine[]>()
        .exec(),
    async clear(id) {
      await model.deleteOne({ _id: id, status: 'retrying' }).exec();
    },
    count: (status = 'parked') => model.countDocuments({ status }).exec(),
    async ordered(id, action) {
      await model.updateOne({ _id: id, 'actions.key': { $ne: action.key } }, { $push: { actions: action } }).exec();
    },
    async carriedOut(id, key, answer) {
      await model.updateOne({ _id: id, 'actions.key': key }, { $set: { 'actions.$.answer': answer } }).exec();
    },
    async discarded() {
      const ordered = { status: 'parked' as const, 'actions.kind': 'discard' as const };
      const found = await model
        .find({ version: { $ne: null }, $or: [{ status: 'discarded' }, ordered] })
        .select({ subject: 1, version: 1 })
        .lean<Pick<FirstInLine, 'subject' | 'version'>[]>()
        .exec();
      return new Set(found.map(({ subject, version }) => `${subject}#${version}`));
    },
  };
}
