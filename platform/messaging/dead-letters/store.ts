import { Schema, type Connection } from 'mongoose';
import type { ParkedMessage } from './parked-message.ts';

/** Where parked messages are kept. */
export interface DeadLetterStore {
  /** Writes what is known of a message now, adds to its attempts, and returns the message. */
  put(
    id: string,
    message: Omit<ParkedMessage, '_id' | 'attempts' | 'firstAt'>,
    attempts: number,
  ): Promise<ParkedMessage>;
  get(id: string): Promise<ParkedMessage | null>;
  /** A subject's parked messages, by version. */
  ofSubject(subject: string): Promise<ParkedMessage[]>;
  /** The parked message of a subject that all others wait for. */
  firstOf(subject: string): Promise<FirstInLine | null>;
  /** That of every subject that has one. */
  firsts(): Promise<FirstInLine[]>;
  /** The parked messages, the oldest first. */
  oldest(limit: number): Promise<ParkedMessage[]>;
  settle(id: string, change: Pick<ParkedMessage, 'status' | 'reason' | 'lastAt'>): Promise<ParkedMessage | null>;
  /** Removes a message that is not parked but being retried. */
  removeRetrying(id: string): Promise<void>;
  count(): Promise<number>;
  /** Those that no longer block others, and those that an operator has just ordered to be discarded. */
  discarded(): Promise<Pick<FirstInLine, 'subject' | 'version'>[]>;
  createIndexes(): Promise<void>;
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
  },
  { collection: 'parked', versionKey: false, minimize: false },
);
schema.index({ status: 1, subject: 1, version: 1 });

const inLine = { status: 'parked', version: { $ne: null } } as const;
const place = { subject: 1, version: 1, errorClass: 1, lastAt: 1 } as const;

export function createDeadLetterStore(database: Connection): DeadLetterStore {
  const model = database.model<ParkedMessage>('Parked', schema);
  return {
    createIndexes: () => model.createIndexes(),
    async put(id, { lastAt, ...message }, attempts) {
      const change = { $set: { ...message, lastAt }, $setOnInsert: { firstAt: lastAt }, $inc: { attempts } };
      return model
        .findOneAndUpdate({ _id: id }, change, { upsert: true, returnDocument: 'after' })
        .lean<ParkedMessage>()
        .orFail()
        .exec();
    },
    get: (id) => model.findById(id).lean<ParkedMessage>().exec(),
    ofSubject: (subject) =>
      model.find({ status: 'parked', subject }).sort({ version: 1 }).lean<ParkedMessage[]>().exec(),
    firstOf: (subject) =>
      model
        .findOne({ ...inLine, subject })
        .sort({ version: 1 })
        .select(place)
        .lean<FirstInLine>()
        .exec(),
    async firsts() {
      const parked = await model
        .find(inLine)
        .sort({ subject: 1, version: 1 })
        .select(place)
        .lean<FirstInLine[]>()
        .exec();
      return parked.filter(({ subject }, index) => parked[index - 1]?.subject !== subject);
    },
    oldest: (limit) =>
      model.find({ status: 'parked' }).sort({ firstAt: 1 }).limit(limit).lean<ParkedMessage[]>().exec(),
    settle: (id, change) =>
      model.findOneAndUpdate({ _id: id }, { $set: change }, { returnDocument: 'after' }).lean<ParkedMessage>().exec(),
    async removeRetrying(id) {
      await model.deleteOne({ _id: id, status: 'retrying' }).exec();
    },
    count: () => model.countDocuments({ status: 'parked' }).exec(),
    async discarded() {
      const ordered = { status: 'parked', 'actions.kind': 'discard' };
      const found = await model.collection
        .find({ version: { $ne: null }, $or: [{ status: 'discarded' }, ordered] } as object)
        .project<Pick<FirstInLine, 'subject' | 'version'>>({ subject: 1, version: 1 })
        .toArray();
      return found;
    },
  };
}
