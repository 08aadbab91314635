import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from '../../platform/index.ts';

/**
 * A purchase that may have been charged, and whose answer is not in the journal yet. Its row is written before the
 * payment provider is first asked, so that the key cannot get a second body and no paid purchase is forgotten; it is
 * removed when the journal has the answer.
 */
export interface OpenCharge {
  /** The cause of the future decision. */
  _id: string;
  /** The hash of the purchase that the key stands for. */
  bodyHash: string;
  body: Record<string, unknown>;
  userId: string;
  price: number;
  paymentToken: string | null;
  correlationId: string;
  traceparent: string | null;
  /** `disputed`: the provider took something else than requested, or contradicted itself. An operator must look. */
  status: 'open' | 'disputed';
  because: string | null;
  openedAt: Date;
  /** Times that the provider was asked again because its answer was unknown. */
  attempts: number;
  /** When to ask again. */
  dueAt: Date;
}

const schema = new Schema<OpenCharge>(
  {
    _id: String,
    bodyHash: String,
    body: Schema.Types.Mixed,
    userId: String,
    price: Number,
    paymentToken: String,
    correlationId: String,
    traceparent: String,
    status: String,
    because: String,
    openedAt: Date,
    attempts: Number,
    dueAt: Date,
  },
  { collection: 'charges', versionKey: false, minimize: false },
);
schema.index({ status: 1, dueAt: 1 });

/** A majority must have it before the rider is charged. */
const majority = { writeConcern: { w: 'majority', j: true } } as const;

export function createCharges(database: Connection) {
  const model = database.model<OpenCharge>('Charge', schema);

  const open = (dueAt: object, limit: number) =>
    model.find({ status: 'open', dueAt }).limit(limit).lean<OpenCharge[]>().exec();

  return {
    prepare: () => model.createIndexes(),

    /** Returns false when another one has its cause. */
    async open(charge: OpenCharge): Promise<boolean> {
      try {
        await model.collection.insertOne(charge as never, majority);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },

    find: (cause: string): Promise<OpenCharge | null> => model.findById(cause).lean<OpenCharge>().exec(),

    /** Closes it, unless another process disputes it. */
    async forget({ _id, bodyHash }: OpenCharge): Promise<void> {
      await model.deleteOne({ _id, bodyHash, status: 'open' }).exec();
    },

    /** Keeps it for an operator, even when another process has closed it in the meantime. */
    async dispute({ _id, ...charge }: OpenCharge, because: string): Promise<void> {
      await model.updateOne({ _id }, { $set: { ...charge, status: 'disputed', because } }, { upsert: true }).exec();
    },

    /** Those whose retry is due, and those that a clock which was ahead has put off beyond the longest wait. */
    async due(now: Date, longestMs: number, limit: number): Promise<OpenCharge[]> {
      const beyond = new Date(now.getTime() + longestMs);
      // Not one question with $or: some engines look at all charges for it.
      const found = await Promise.all([open({ $lte: now }, limit), open({ $gt: beyond }, limit)]);
      return found.flat().slice(0, limit);
    },

    /** Postpones a charge that is due; false when another process was faster. */
    async take({ _id, attempts }: OpenCharge, dueAt: Date): Promise<boolean> {
      const taken = await model
        .findOneAndUpdate({ _id, attempts, status: 'open' }, { $set: { dueAt }, $inc: { attempts: 1 } })
        .lean<OpenCharge>()
        .exec();
      return taken !== null;
    },

    /** How many the provider was asked for again without an answer. */
    countUnanswered: () => model.countDocuments({ status: 'open', attempts: { $gt: 0 } }).exec(),
    countDisputed: () => model.countDocuments({ status: 'disputed' }).exec(),
  };
}

export type Charges = ReturnType<typeof createCharges>;
