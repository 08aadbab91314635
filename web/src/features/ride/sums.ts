import type { RidePlaceFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import type { Language } from '../../shared/i18n/language.ts';
import { nameOf, type Station } from '../../shared/stations/places.ts';
import type { PastRide } from './rider.ts';

/** What a ride cost beyond its fee, and in all; null while point does not tell. */
export function sumsOf({ fee, overtime }: PastRide): { overtime: string; all: string } | null {
  if (overtime === null || overtime === undefined) return null;
  return { overtime: String(overtime), all: String(BigInt(fee) + BigInt(overtime)) };
}

/** In whole minutes from the first one on, as a ride is charged; null before its end, or without a ride. */
export function lastedMs({ startDateTime, returnDateTime }: PastRide): number | null {
  if (!startDateTime || !returnDateTime) return null;
  const ms = Math.max(0, Date.parse(returnDateTime) - Date.parse(startDateTime));
  const unit = ms < 60_000 ? 1_000 : 60_000;
  return Math.floor(ms / unit) * unit;
}

/** A station by its name, or by its number while its name is not known; elsewhere by its position. */
export function placeName(
  place: RidePlaceFieldsFragment | null | undefined,
  stations: readonly Station[] | null,
  language: Language,
): string | null {
  if (place?.station) {
    const { stationId } = place.station;
    const station = stations?.find((each) => each.stationId === stationId);
    return station ? nameOf(station, language) : stationId;
  }
  if (!place?.position) return null;
  const { latitude, longitude } = place.position;
  return `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
}
