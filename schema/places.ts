/** The rules for places: the same for requests, events and files. It needs no library. */

/** The 25 districts (자치구) of Seoul, in the order of their official codes. */
export const districts = {
  JONGNO: { ko: '종로구', en: 'Jongno-gu' },
  JUNG: { ko: '중구', en: 'Jung-gu' },
  YONGSAN: { ko: '용산구', en: 'Yongsan-gu' },
  SEONGDONG: { ko: '성동구', en: 'Seongdong-gu' },
  GWANGJIN: { ko: '광진구', en: 'Gwangjin-gu' },
  DONGDAEMUN: { ko: '동대문구', en: 'Dongdaemun-gu' },
  JUNGNANG: { ko: '중랑구', en: 'Jungnang-gu' },
  SEONGBUK: { ko: '성북구', en: 'Seongbuk-gu' },
  GANGBUK: { ko: '강북구', en: 'Gangbuk-gu' },
  DOBONG: { ko: '도봉구', en: 'Dobong-gu' },
  NOWON: { ko: '노원구', en: 'Nowon-gu' },
  EUNPYEONG: { ko: '은평구', en: 'Eunpyeong-gu' },
  SEODAEMUN: { ko: '서대문구', en: 'Seodaemun-gu' },
  MAPO: { ko: '마포구', en: 'Mapo-gu' },
  YANGCHEON: { ko: '양천구', en: 'Yangcheon-gu' },
  GANGSEO: { ko: '강서구', en: 'Gangseo-gu' },
  GURO: { ko: '구로구', en: 'Guro-gu' },
  GEUMCHEON: { ko: '금천구', en: 'Geumcheon-gu' },
  YEONGDEUNGPO: { ko: '영등포구', en: 'Yeongdeungpo-gu' },
  DONGJAK: { ko: '동작구', en: 'Dongjak-gu' },
  GWANAK: { ko: '관악구', en: 'Gwanak-gu' },
  SEOCHO: { ko: '서초구', en: 'Seocho-gu' },
  GANGNAM: { ko: '강남구', en: 'Gangnam-gu' },
  SONGPA: { ko: '송파구', en: 'Songpa-gu' },
  GANGDONG: { ko: '강동구', en: 'Gangdong-gu' },
} as const;

export type District = keyof typeof districts;
export const districtNames = Object.keys(districts) as [District, ...District[]];

/** In degrees (WGS 84). */
export interface Position {
  latitude: number;
  longitude: number;
}

/** From Marado to the northernmost point of the South, and from Baengnyeongdo to Dokdo, and some. */
const korea = { latitude: [33, 39], longitude: [124, 132] } as const;

/** Why nothing of ours can stand there; pages have their own words for each. */
export type PositionFault = 'SWAPPED' | 'OUTSIDE';

export function positionFault({ latitude, longitude }: Position): PositionFault | null {
  if (isWithin(latitude, korea.latitude) && isWithin(longitude, korea.longitude)) return null;
  return isWithin(longitude, korea.latitude) && isWithin(latitude, korea.longitude) ? 'SWAPPED' : 'OUTSIDE';
}

const positionWords: Record<PositionFault, string> = {
  SWAPPED: 'Latitude and longitude are swapped.',
  OUTSIDE: 'The position is not in Korea: latitude 33 to 39, longitude 124 to 132.',
};

/** Why nothing of ours can stand there, for people; null when it can. */
export function whyNotThere(position: Position): string | null {
  const fault = positionFault(position);
  return fault && positionWords[fault];
}

/** False for NaN too. */
const isWithin = (degrees: number, [least, most]: readonly [number, number]) => degrees >= least && degrees <= most;

/** Seoul's station numbers have up to five digits. */
export const largestStationNumber = 999_999;

/** The station that a number names, in Seoul's form. */
export const stationIdOf = (number: number) => `ST-${number}`;

/** The number in an id; undefined when no station can have it. */
export function stationNumberIn(stationId: string): number | undefined {
  const [, digits] = /^ST-([1-9][0-9]{0,5})$/.exec(stationId) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Mean radius of the Earth (IUGG): on a sphere of it, distances within a city are true to 0.3 %. */
const earthMeters = 6_371_008.8;
const radians = (degrees: number) => (degrees * Math.PI) / 180;
const degrees = (meters: number) => (meters / earthMeters) * (180 / Math.PI);

/** The great circle between two places (haversine). */
export function metersBetween(one: Position, other: Position): number {
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const cosines = Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude));
  const square = half(one.latitude, other.latitude) + cosines * half(one.longitude, other.longitude);
  return 2 * earthMeters * Math.asin(Math.min(1, Math.sqrt(square)));
}

/** A box that holds every place within so many meters: what a database finds by comparing numbers. */
export interface Box {
  south: number;
  north: number;
  west: number;
  east: number;
}

export function boxAround({ latitude, longitude }: Position, meters: number): Box {
  // A little more than needed: rounding must lose nothing at the edge.
  const height = degrees(meters) * (1 + 1e-9) + 1e-9;
  const narrowest = Math.cos(radians(Math.min(89, Math.abs(latitude) + height)));
  const width = height / narrowest;
  return {
    south: latitude - height,
    north: latitude + height,
    west: longitude - width,
    east: longitude + width,
  };
}
