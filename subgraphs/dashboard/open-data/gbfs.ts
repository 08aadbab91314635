import { gbfsPath, gbfsVersions, type GbfsVersion } from '../../../schema/open-data-addresses.ts';
import { rideLink } from '../../../schema/page-addresses.ts';
import { districtNames, districts } from '../../../schema/places.ts';
import type { BikeView, StationView } from '../projections.ts';
import type { Picture } from '../picture.ts';
import { inSlices } from '../slices.ts';
import { createTextList } from './text-list.ts';
import type { VehicleIds } from './vehicle-ids.ts';

/**
 * The General Bikeshare Feed Specification (https://gbfs.org), two versions side by side: each feed is a pure function
 * of the picture, the tariff and this installation.
 */

/** What riders pay, in points of one won each, as its owners say it. */
export interface Tariff {
  reservationFee: number;
  holdMinutes: number;
  freeMinutes: number;
  stepMinutes: number;
  stepPrice: number;
  cap: number;
}

/** What the feeds of now are made of. */
export interface Live {
  picture: Picture;
  vehicleIds: VehicleIds;
  /** What people call this installation; without it there are no links. */
  publicUrl: string | undefined;
}

/** Seconds after which a feed may say something new: it is made anew at most so often. */
export const seconds = { live: 1, tariff: 60, fixed: 3_600 } as const;

/** `data` of feeds, as JSON. */
export type Feeds<From> = Readonly<Record<string, (from: From, version: GbfsVersion) => string>>;

/** The only type of bike, and its only plan. */
const vehicleTypeId = 'bike';
const planId = 'reservation';

/** All languages of the feeds: every translated text is in each of them. */
const languages = ['ko', 'en'] as const;
const told = (ko: string, en: string) => [
  { language: 'ko', text: ko },
  { language: 'en', text: en },
];

export const liveFeeds: Feeds<Live> = {
  station_information: stationInformation,
  station_status: ({ picture }) => stationStatus(picture),
  vehicle_status: vehicleStatus,
  system_alerts: ({ picture }) => alerts(picture),
};

export const tariffFeeds: Feeds<Tariff> = {
  vehicle_types: ({ holdMinutes }) =>
    JSON.stringify({
      vehicle_types: [
        {
          vehicle_type_id: vehicleTypeId,
          form_factor: 'bicycle',
          propulsion_type: 'human',
          name: told('자전거', 'Bicycle'),
          default_reserve_time: Math.floor(holdMinutes),
          return_constraint: 'hybrid',
          default_pricing_plan_id: planId,
        },
      ],
    }),
  system_pricing_plans: pricingPlans,
};

/** What an installation says of itself. */
export interface Installation {
  /** Whom to write to about the feeds. */
  contact: string;
  /** What people call it. */
  publicUrl: string | undefined;
}

export const fixedFeeds: Feeds<Installation> = {
  system_information: ({ contact, publicUrl }) =>
    JSON.stringify({
      system_id: 'ttareungi_seoul',
      languages,
      name: told('따릉이', 'Ttareungi'),
      opening_hours: '24/7',
      // Each of its pages leads to the one for developers.
      ...(publicUrl === undefined ? {} : { url: `${publicUrl}/` }),
      feed_contact_email: contact,
      timezone: 'Asia/Seoul',
      license_id: 'CC0-1.0',
    }),
  system_regions: () =>
    JSON.stringify({
      regions: districtNames.map((name) => ({ region_id: name, name: told(districts[name].ko, districts[name].en) })),
    }),
};

/** What `gbfs.json` lists, besides itself. */
const feedNames = ['gbfs_versions', ...[fixedFeeds, tariffFeeds, liveFeeds].flatMap((feeds) => Object.keys(feeds))];

/** A feed: `data` and what stands around it. */
export const envelope = (version: GbfsVersion, ttl: number, lastUpdated: Date, data: string) =>
  `{"last_updated":"${toSeconds(lastUpdated)}","ttl":${ttl},"version":"${version}","data":${data}}`;

/** Where the feeds of a version are. @param base the address before `/gbfs`, as clients know it. */
export const discovery = (base: string, version: GbfsVersion) =>
  JSON.stringify({
    feeds: feedNames.map((name) => ({ name, url: addressOf(base, version, name) })),
  });

/** Where the versions are, as far as this one can tell: its list of them ends with itself. */
export const versionList = (base: string, version: GbfsVersion) =>
  JSON.stringify({
    versions: gbfsVersions
      .slice(0, gbfsVersions.indexOf(version) + 1)
      .map((known) => ({ version: known, url: addressOf(base, known, 'gbfs') })),
  });

const addressOf = (base: string, version: GbfsVersion, name: string) => `${base}${gbfsPath(version, name)}`;

/** RFC 3339 without fractions: the feeds' own examples have none, and some readers take none. */
const toSeconds = (time: Date) => `${time.toISOString().slice(0, 19)}Z`;

/** Opens the reservation of what can be reserved. */
const linkTo = (to: Parameters<typeof rideLink>[0], id: string, publicUrl: string | undefined) =>
  publicUrl === undefined ? {} : { rental_uris: { web: `${publicUrl}${rideLink(to, id)}` } };

/** To a hand's breadth, as the specification asks; registers may say more digits than they know. */
const degrees = (value: number) => Math.round(value * 1e6) / 1e6;

function stationInformation({ picture: { stations }, publicUrl }: Live, version: GbfsVersion): string {
  return JSON.stringify({
    stations: byNumber(stations).map(({ stationId, nameKo, nameEn, district, address, position, racks, state }) => ({
      station_id: stationId,
      // Where a station has no English name, its sign says the Korean one to everybody.
      name: told(nameKo, nameEn ?? nameKo),
      lat: degrees(position.latitude),
      lon: degrees(position.longitude),
      ...(address === null ? {} : { address }),
      region_id: district,
      ...(version === '3.0' ? {} : { city: 'Seoul' }),
      capacity: racks,
      ...(state === 'OPEN' ? linkTo('station', stationId, publicUrl) : {}),
    })),
  });
}

function stationStatus({ parked, stations, at }: Picture): string {
  const last_reported = toSeconds(at);
  return JSON.stringify({
    stations: byNumber(stations).map(({ stationId, racks, state }) => {
      const { bikes: standing, available, disabled } = parked(stationId);
      const isOpen = state === 'OPEN';
      return {
        station_id: stationId,
        num_vehicles_available: available,
        vehicle_types_available: [{ vehicle_type_id: vehicleTypeId, count: available }],
        num_vehicles_disabled: disabled,
        num_docks_available: Math.max(0, racks - standing),
        is_installed: isOpen,
        is_renting: isOpen,
        is_returning: isOpen,
        last_reported,
      };
    }),
  });
}

const byNumber = (stations: Picture['stations']): StationView[] =>
  [...stations.values()].sort((one, other) => one.number - other.number);

/** In order of their names: that of the bikes would tell which vehicle is which. */
function vehicleStatus(live: Live): string {
  const write = writerOf(live);
  for (const bike of live.picture.bikes.values()) write(bike);
  return `{"vehicles":[${writtenOf(live).texts.joined()}]}`;
}

/** On the street, not on a ride, and where that is known: a vehicle without a place has no form in the feed. */
function isShown({ use, condition, stationId, position }: BikeView, { stations }: Picture): boolean {
  const isOut = condition === 'IN_SERVICE' || condition === 'MAINTENANCE';
  const stands = stationId === undefined ? position !== undefined : stations.has(stationId);
  return isOut && use !== 'inUse' && stands;
}

/** The bike that `vehicle_status` calls so now. */
export function bikeNamed(name: string, { picture, vehicleIds }: Omit<Live, 'publicUrl'>): BikeView | undefined {
  const bike = picture.bikes.get(vehicleIds.bikeOf(name) ?? -1);
  return bike && isShown(bike, picture) && vehicleIds.nameOf(bike) === name ? bike : undefined;
}

function vehicleOf(bike: BikeView, { vehicleIds, publicUrl }: Live): string {
  const { stationId, position, use, condition } = bike;
  const name = vehicleIds.nameOf(bike);
  return JSON.stringify({
    vehicle_id: name,
    ...(stationId === undefined && position
      ? { lat: degrees(position.latitude), lon: degrees(position.longitude) }
      : { station_id: stationId }),
    is_reserved: use === 'reserved',
    is_disabled: condition !== 'IN_SERVICE',
    vehicle_type_id: vehicleTypeId,
    // By the name that changes: the number on the bike would tell where it has been.
    ...(use === 'free' && condition === 'IN_SERVICE' ? linkTo('vehicle', name, publicUrl) : {}),
  });
}

/** Where the name is in the text of a vehicle. */
const nameAt = '{"vehicle_id":"'.length;

/** Which view of a bike was written, and as what; nothing where it is not shown. */
interface Written extends Omit<Live, 'picture'> {
  byBike: Map<number, { bike: BikeView; vehicle: string | undefined }>;
  texts: ReturnType<typeof createTextList>;
}

/** Of 45,000 bikes a few change between two feeds: the others are not written again. */
const written = new WeakMap<Picture['bikes'], Written>();

function writtenOf({ picture, vehicleIds, publicUrl }: Live): Written {
  const known = written.get(picture.bikes);
  if (known?.vehicleIds === vehicleIds && known.publicUrl === publicUrl) return known;
  const begun: Written = { vehicleIds, publicUrl, byBike: new Map(), texts: createTextList(nameAt) };
  written.set(picture.bikes, begun);
  return begun;
}

/** Writes a bike as it is now; says whether it was written otherwise, or not at all, before. */
function writerOf(live: Live): (bike: BikeView) => boolean {
  const { byBike, texts } = writtenOf(live);
  return (bike) => {
    const before = byBike.get(bike.bikeId);
    // A view never changes, a new one takes its place. But the station where it stands may have been opened since.
    const isNow = isShown(bike, live.picture);
    if (before?.bike === bike && isNow === (before.vehicle !== undefined)) return false;
    const vehicle = isNow ? vehicleOf(bike, live) : undefined;
    if (before?.vehicle !== undefined) texts.remove(before.vehicle);
    if (vehicle !== undefined) texts.add(vehicle);
    byBike.set(bike.bikeId, { bike, vehicle });
    return true;
  };
}

/** Some milliseconds of work. */
const vehiclesAtOnce = 1_000;

/** Writes all bikes ahead of `vehicle_status`, which would hold everybody up: after a start, and a rebuild, none is written. */
export async function writeVehicles(live: Live): Promise<void> {
  const { bikes } = live.picture;
  if (writtenOf(live).byBike.size < bikes.size) await inSlices(bikes.values(), vehiclesAtOnce, writerOf(live));
}

function pricingPlans(tariff: Tariff, version: GbfsVersion): string {
  const { reservationFee, holdMinutes, freeMinutes, stepMinutes, stepPrice, cap } = tariff;
  const won = (points: number) => points.toLocaleString('en');
  const overtime = {
    per_min_pricing: [
      // Charged for each step that has begun, until the most that a ride can cost is reached.
      {
        start: freeMinutes,
        rate: stepPrice,
        interval: stepMinutes,
        end: freeMinutes + Math.ceil(cap / stepPrice) * stepMinutes,
      },
    ],
  };
  const plan = {
    plan_id: planId,
    name: told('예약 이용권', 'Reservation'),
    currency: 'KRW',
    // The later version tells what is paid for the reservation from what is paid for the ride.
    ...(version === '3.0' ? { price: reservationFee } : { price: 0, reservation_price_flat_rate: reservationFee }),
    is_taxable: false,
    description: told(
      `예약할 때 ${won(reservationFee)}원을 내고, 자전거는 ${holdMinutes}분 동안 잡혀 있습니다. 그 안에 취소하거나 시간이 지나면 돌려받습니다. ${freeMinutes}분까지 추가 요금이 없고, 그 뒤로는 시작된 ${stepMinutes}분마다 ${won(stepPrice)}원, 한 번 이용에 최대 ${won(cap)}원입니다.`,
      `${won(reservationFee)} won when a bike is reserved; it is held for ${holdMinutes} minutes, and the fee is given back when the reservation is cancelled or runs out before the ride. ${freeMinutes} minutes are included; after that ${won(stepPrice)} won for every ${stepMinutes} minutes begun, at most ${won(cap)} won for a ride.`,
    ),
    ...(stepPrice > 0 && cap > 0 ? overtime : {}),
  };
  return JSON.stringify({ plans: [plan] });
}

/** A closed station stays in the feeds, because bikes may still stand there. */
function alerts({ stations }: Picture): string {
  const closed = byNumber(stations).filter(({ state }) => state === 'CLOSED');
  return JSON.stringify({
    alerts: closed.map(({ stationId, nameKo, nameEn, since }) => ({
      alert_id: `closed-${stationId}`,
      type: 'station_closure',
      times: [{ start: toSeconds(new Date(since)) }],
      station_ids: [stationId],
      summary: told(`${nameKo} 대여소가 닫혔습니다.`, `The station ${nameEn ?? nameKo} is closed.`),
      last_updated: toSeconds(new Date(since)),
    })),
  });
}
