import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from '../../../platform/index.ts';
import type { BikeView } from '../projections.ts';

interface Secret {
  _id: 'vehicle-ids';
  secret: string;
}

const secretSchema = new Schema<Secret>({ _id: String, secret: String }, { collection: 'secrets', versionKey: false });

/** Of AES. What bike and ride leave of a block is zeros, by which a name that nobody gave is found out. */
const blockBytes = 16;
/** A number of a bike, or of a reservation. */
const numberBytes = 6;
const idForm = /^[\w-]{22}$/;

export interface VehicleIds {
  /**
   * A bike's public name: another after each ride, so that nobody can follow a bike, and with it a rider, from place to
   * place. Without the secret it tells neither the bike nor whether two names are of the same.
   */
  nameOf(bike: BikeView): string;
  /** The bike that has, or had, this name; undefined for any other text. */
  bikeOf(name: string): number | undefined;
}

/** The names under a secret: bike and last ride, encrypted, so that no table is needed to read them back. */
export function vehicleIds(secret: string): VehicleIds {
  const key = createHash('sha256').update(secret).digest();
  // Each is one block, and no two are alike: what ECB gives away, equal blocks, does not occur.
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  return {
    nameOf({ bikeId, lastRide = 0 }) {
      const block = Buffer.alloc(blockBytes);
      block.writeUIntBE(bikeId, 0, numberBytes);
      block.writeUIntBE(lastRide, numberBytes, numberBytes);
      return cipher.update(block).toString('base64url');
    },
    bikeOf(name) {
      if (!idForm.test(name)) return undefined;
      const block = decipher.update(Buffer.from(name, 'base64url'));
      const isOurs = block.subarray(2 * numberBytes).every((byte) => byte === 0);
      return isOurs ? block.readUIntBE(0, numberBytes) : undefined;
    },
  };
}

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
