import { hash } from 'node:crypto';
import { Schema, type Connection } from 'mongoose';

/** A browser that may be told what concerns its rider: personal data, kept while the rider agrees. */
export interface PushSubscriptionRow {
  /** Of the endpoint: a browser has one rider, the last who agreed there. */
  _id: string;
  userId: string;
  endpoint: string;
  p256dh: string;
  auth: string;
  language: PushLanguage;
  /** The key under which it agreed: for another one its push service takes nothing. */
  key: string;
  at: Date;
  /** Occasions that it was told of, or is being told of. */
  told: string[];
  /** Its push service asked for nothing before then. */
  notBefore: Date;
}

export type PushLanguage = 'KO' | 'EN';

export type NewPushSubscription = Pick<
  PushSubscriptionRow,
  'userId' | 'endpoint' | 'p256dh' | 'auth' | 'language' | 'key'
>;

/** A phone, a tablet, a computer or two; of more the one that agreed first is forgotten. */
export const mostBrowsers = 5;
/** A rider has three occasions at a time, and each lasts for minutes. */
const rememberedOccasions = 20;

const schema = new Schema<PushSubscriptionRow>(
  {
    _id: String,
    userId: String,
    endpoint: String,
    p256dh: String,
    auth: String,
    language: String,
    key: String,
    at: Date,
    told: [String],
    notBefore: Date,
  },
  { collection: 'push_subscriptions', versionKey: false },
);
schema.index({ userId: 1, _id: 1 });

const idOf = (endpoint: string) => hash('sha256', endpoint, 'hex');

export function createPushSubscriptions(database: Connection) {
  const rows = database.model<PushSubscriptionRow>('PushSubscription', schema);
  return {
    /** @param key what it agreed to under another one is of no use any more; its page agrees again. */
    async prepare(key: string | undefined): Promise<void> {
      await rows.createIndexes();
      if (key !== undefined) await rows.deleteMany({ key: { $ne: key } }).exec();
    },

    /** Agrees, again too; answers how many browsers of the rider there are. */
    async add(given: NewPushSubscription, now: Date): Promise<number> {
      const _id = idOf(given.endpoint);
      const kept = await rows.findOne({ _id, userId: given.userId }).lean<PushSubscriptionRow>().exec();
      const nothingYet = { told: [], notBefore: new Date(0) };
      const said = { ...given, at: now };
      // Another rider's occasions are none of this one's; what was kept may be gone by now.
      const change = kept ? { $set: said, $setOnInsert: nothingYet } : { $set: { ...said, ...nothingYet } };
      await rows.updateOne({ _id }, change, { upsert: true }).exec();
      const all = await rows.find({ userId: given.userId }).sort({ at: -1 }).lean<PushSubscriptionRow[]>().exec();
      const beyond = all.slice(mostBrowsers).map((row) => row._id);
      if (beyond.length > 0) await rows.deleteMany({ _id: { $in: beyond } }).exec();
      return Math.min(all.length, mostBrowsers);
    },

    /** Takes the consent of one browser back, or of all; nothing of it is kept. */
    async remove(userId: string, endpoint: string | undefined): Promise<number> {
      await rows.deleteMany({ userId, ...(endpoint === undefined ? {} : { _id: idOf(endpoint) }) }).exec();
      return rows.countDocuments({ userId }).exec();
    },

    isEmpty: async (): Promise<boolean> => (await rows.exists({}).exec()) === null,

    /** The browsers of these riders. */
    of: (userIds: readonly string[]): Promise<PushSubscriptionRow[]> =>
      rows
        .find({ userId: { $in: userIds } })
        .sort({ userId: 1, _id: 1 })
        .lean<PushSubscriptionRow[]>()
        .exec(),

    /**
     * Whether this instance, which found that its push service may be asked, may tell it: the first that asks, and not where
     * it was put off since.
     */
    async claim({ _id, userId, notBefore }: PushSubscriptionRow, occasion: string): Promise<boolean> {
      const { modifiedCount } = await rows
        .updateOne(
          { _id, userId, told: { $ne: occasion }, notBefore },
          { $push: { told: { $each: [occasion], $slice: -rememberedOccasions } } },
        )
        .exec();
      return modifiedCount === 1;
    },

    /** It was not told: another look may try again, from then on. */
    async release({ _id, userId }: PushSubscriptionRow, occasion: string, notBefore: Date): Promise<void> {
      await rows.updateOne({ _id, userId }, { $pull: { told: occasion }, $set: { notBefore } }).exec();
    },

    async forget({ _id, userId, p256dh }: PushSubscriptionRow): Promise<void> {
      await rows.deleteOne({ _id, userId, p256dh }).exec();
    },
  };
}

export type PushSubscriptions = ReturnType<typeof createPushSubscriptions>;
