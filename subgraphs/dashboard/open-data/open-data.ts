import { z } from 'zod';
import type { Runtime } from '../../../platform/index.ts';
import type { Picture } from '../picture.ts';
import { bikeNamed, type Live, type Tariff } from './gbfs.ts';
import { createOpenData } from './routes.ts';
import { createSecretStore, vehicleIds, type VehicleIds } from './vehicle-ids.ts';

export const openDataSettings = z.object({
  OPEN_DATA_CONTACT: z
    .email()
    .default('open-data@ttareungi.example')
    .meta({ allowed: 'an e-mail address' })
    .describe('whom users of the open data may write to'),
});

const reservationTariff = z.object({ reservationFee: z.number(), holdMinutes: z.number() });
const pointTariff = z.object({
  freeMinutes: z.number(),
  stepMinutes: z.number(),
  stepPrice: z.number(),
  cap: z.number(),
});

/** Open data of the dashboard's view (docs/open-data.md). */
export function createOpenDataOf(
  { bus, clock, database, readSettings, settings }: Runtime,
  picture: () => Promise<Picture>,
) {
  const { OPEN_DATA_CONTACT } = readSettings(openDataSettings);
  const secret = createSecretStore(database);
  let naming: VehicleIds | undefined;
  const publicUrl = settings.PUBLIC_URL;

  /** Each part from its owner. */
  async function tariff(): Promise<Tariff> {
    const [reservation, point] = await Promise.all([
      bus.ask('reservation', 'tariff', null),
      bus.ask('point', 'tariff', null),
    ]);
    return { ...reservationTariff.parse(reservation), ...pointTariff.parse(point) };
  }

  async function live(): Promise<Live> {
    naming ??= vehicleIds(await secret());
    return { picture: await picture(), vehicleIds: naming, publicUrl };
  }

  return {
    /** The bike that the feeds call so now. */
    bikeNamed: async (name: string) => bikeNamed(name, await live())?.bikeId,
    routes: createOpenData({
      picture,
      live,
      tariff,
      installation: { contact: OPEN_DATA_CONTACT, publicUrl },
      clock,
    }),
  };
}
