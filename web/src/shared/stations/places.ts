/** Stations as pages show them. */
import type { RidePlaceFieldsFragment, StationPlacesQuery } from '../../../../schema/client/generated/graphql.ts';
import { type District, districts } from '../../../../schema/places.ts';
import type { Language } from '../i18n/language.ts';
import { namesOf } from '../i18n/names-of.ts';

export type Station = StationPlacesQuery['stations']['nodes'][number];

/** What matters of a station at a glance; `unknown` while nobody says how many bikes it has. */
export type Situation = 'bikes' | 'empty' | 'full' | 'closed' | 'unknown';

/** A full one has bikes, and no place for another: that is what it shows. */
export function situationOf({ state, bikesAvailable, freeRacks }: Station): Situation {
  if (state === 'CLOSED') return 'closed';
  if (bikesAvailable === undefined || freeRacks === undefined) return 'unknown';
  if (freeRacks <= 0) return 'full';
  return bikesAvailable > 0 ? 'bikes' : 'empty';
}

export function nameOf({ nameKo, nameEn }: Pick<Station, 'nameKo' | 'nameEn'>, language: Language): string {
  return language === 'en' ? nameEn : nameKo;
}

const districtNames = namesOf<Record<District, Record<Language, string>>>(districts, (name) => ({
  ko: name,
  en: name,
}));

export function districtName(district: District, language: Language): string {
  return districtNames[district][language];
}

type Names = Pick<Station, 'stationId'> & Partial<Pick<Station, 'nameKo' | 'nameEn'>>;

/** A station by its name, or by its number while its name is not known; elsewhere by its position. */
export function placeName(
  place: RidePlaceFieldsFragment | null | undefined,
  stations: readonly Names[] | null,
  language: Language,
): string | null {
  if (place?.station) {
    const { stationId } = place.station;
    const { nameKo, nameEn } = stations?.find((each) => each.stationId === stationId) ?? {};
    return (language === 'en' ? nameEn : nameKo) ?? stationId;
  }
  if (!place?.position) return null;
  const { latitude, longitude } = place.position;
  return `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
}

/** Those whose name, number, address or district has this text; all for an empty one. */
export function matching<One extends Pick<Station, 'number' | 'nameKo' | 'nameEn' | 'address' | 'district'>>(
  stations: readonly One[],
  text: string,
): readonly One[] {
  const wanted = plain(text);
  if (wanted === '') return stations;
  return stations.filter(({ number, nameKo, nameEn, address, district }) => {
    const { ko, en } = districtNames[district];
    return (
      String(number) === wanted || [nameKo, nameEn, address ?? '', ko, en].some((name) => plain(name).includes(wanted))
    );
  });
}

/** As people type it: full-width letters, capitals and spaces make no difference. */
const plain = (text: string) => text.normalize('NFKC').toLowerCase().replaceAll(/\s/g, '');
