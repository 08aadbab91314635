import { createHmac, randomBytes } from 'node:crypto';
import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from '../../../platform/index.ts';
import type { BikeView } from '../projections.ts';

interface Secret {
  _id: 'vehicle-ids';
  secret: string;
}

const secretSchema = new Schema<Secret>({ _id: String, secret: String }, { collection: 'secrets', versionKey: false });

/** 96 bits: as good as never the same for two bikes, and short in a feed of 45,000. */
const idCharacters = 16;

/**
 * A bike's public name: another after each ride, so that nobody can follow a bike, and with it a rider, from place to
 * place. Without the secret it tells neither the bike nor whether two names are of the same.
 */
export const vehicleIds =
  (secret: string) =>
  ({ bikeId, lastRide = 0 }: BikeView): string =>
    createHmac('sha256', secret).update(`${bikeId} ${lastRide}`).digest('base64url').slice(0, idCharacters);

/** The secret of this installation: made once, and the same for every instance and after every restart. */
export function createSecretStore(database: Connection) {
  const secrets = database.model<Secret>('Secret', secretSchema);
  const find = async () => (await secrets.findById('vehicle-ids').lean<Secret>().exec())?.secret;
  return async (): Promise<string> => {
    const known = await find();
    if (known !== undefined) return known;
    const made: Secret = { _id: 'vehicle-ids', secret: randomBytes(32).toString('base64url') };
    try {
      await secrets.collection.insertOne(made as never, { writeConcern: { w: 'majority', journal: true } });
      return made.secret;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // Another instance was faster.
      return (await find()) ?? made.secret;
    }
  };
}
