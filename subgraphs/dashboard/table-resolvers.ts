import type { Resolvers } from '../../platform/index.ts';
import type { Movement } from './movements.ts';
import type { Picture } from './picture.ts';
import { createSpells, type Told } from './spells.ts';
import {
  bikesTable,
  minutesOf,
  movementsTable,
  stationsTable,
  type BikeFilter,
  type BikeLine,
  type BikeOrder,
  type BikeUse,
  type StationFilter,
  type StationLine,
  type StationOrder,
  type StationRow,
  type TableRequest,
} from './tables.ts';

/** As the graph has them. */
const uses = { FREE: 'free', RESERVED: 'reserved', IN_USE: 'inUse' } as const satisfies Record<string, BikeUse>;
const useNames: Record<BikeUse, keyof typeof uses> = { free: 'FREE', reserved: 'RESERVED', inUse: 'IN_USE' };

interface BikesArguments extends TableRequest {
  filter?: (Omit<BikeFilter, 'use'> & { use?: (keyof typeof uses)[] | null }) | null;
  orderBy: BikeOrder;
}

interface StationsArguments extends TableRequest {
  filter?: StationFilter | null;
  orderBy: StationOrder;
}

/** Older code left the last holder in the row of a bike that is free. */
const holderOf = ({ use, holder }: BikeLine) => (use === 'free' ? undefined : holder);

/** What stands at a station, as the graph has it. */
export const parkedFields = {
  bikesParked: ({ bikes }: StationLine) => bikes,
  bikesAvailable: ({ available }: StationLine) => available,
  freeRacks: ({ racks, bikes }: StationLine) => racks - bikes,
};

/** The tables of operators; `dashboard` has asked who they are. */
export function createTableResolvers(picture: () => Promise<Picture>, clock: () => Date): Resolvers {
  const spells = createSpells();
  return {
    Dashboard: {
      async bikes(_dashboard: unknown, { filter, orderBy, ...page }: BikesArguments) {
        const use = filter?.use?.map((name) => uses[name]);
        const moment = { picture: await picture(), now: clock().getTime() };
        return bikesTable(moment, { ...filter, ...(use ? { use } : { use: null }) }, orderBy, page);
      },
      async stations(_dashboard: unknown, { filter, orderBy, ...page }: StationsArguments) {
        const shown = await picture();
        const moment = { picture: shown, spellsOf: await spells(shown), now: clock().getTime() };
        return stationsTable(moment, filter ?? {}, orderBy, page);
      },
      async movements(_dashboard: unknown, { stationId, ...page }: { stationId: string } & TableRequest) {
        return movementsTable({ picture: await picture(), now: clock().getTime() }, stationId, page);
      },
    },

    DashboardBike: {
      use: ({ use }: BikeLine) => useNames[use],
      reserveNo: (bike: BikeLine) => holderOf(bike)?.reserveNo ?? null,
      userId: (bike: BikeLine) => holderOf(bike)?.userId ?? null,
      bike: ({ bikeId }: BikeLine) => ({ __typename: 'Bike', bikeId }),
    },

    DashboardStation: {
      ...parkedFields,
      empty: ({ told }: StationRow) => told('empty'),
      full: ({ told }: StationRow) => told('full'),
      station: ({ stationId }: StationLine) => ({ __typename: 'Station', stationId }),
    },

    DashboardMovement: {
      at: ({ at }: Movement) => new Date(at).toISOString(),
      bike: ({ bikeId }: Movement) => ({ __typename: 'Bike', bikeId }),
    },

    DashboardSpells: {
      since: ({ since }: Told) => (since === null ? null : new Date(since).toISOString()),
      minutes: minutesOf,
    },
  };
}
