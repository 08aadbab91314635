import { districtNames, districts, type District, type Position } from '../../schema/places.ts';
import type { Dice } from './dice.ts';

/** A station as an operator opens it. */
export interface CityStation {
  number: number;
  nameKo: string;
  nameEn: string;
  district: District;
  position: Position;
  racks: number;
}

export const stationsInSeoul = 2_800;
export const bikesInSeoul = 45_000;

/** By district: about where its middle is, its area in km², and how many of every 2,900 stations it has, rounded. */
export const districtLayout: Record<
  District,
  readonly [latitude: number, longitude: number, area: number, share: number]
> = {
  JONGNO: [37.592, 126.978, 23.9, 90],
  JUNG: [37.56, 126.996, 10, 70],
  YONGSAN: [37.531, 126.98, 21.9, 90],
  SEONGDONG: [37.551, 127.041, 16.9, 110],
  GWANGJIN: [37.546, 127.086, 17.1, 105],
  DONGDAEMUN: [37.582, 127.055, 14.2, 105],
  JUNGNANG: [37.598, 127.093, 18.5, 105],
  SEONGBUK: [37.606, 127.018, 24.6, 95],
  GANGBUK: [37.643, 127.011, 23.6, 60],
  DOBONG: [37.669, 127.032, 20.7, 65],
  NOWON: [37.653, 127.075, 35.4, 135],
  EUNPYEONG: [37.619, 126.927, 29.7, 105],
  SEODAEMUN: [37.578, 126.939, 17.6, 80],
  MAPO: [37.559, 126.908, 23.9, 145],
  YANGCHEON: [37.525, 126.855, 17.4, 115],
  GANGSEO: [37.56, 126.823, 41.4, 190],
  GURO: [37.494, 126.856, 20.1, 125],
  GEUMCHEON: [37.46, 126.901, 13, 80],
  YEONGDEUNGPO: [37.522, 126.91, 24.5, 165],
  DONGJAK: [37.499, 126.952, 16.4, 75],
  GWANAK: [37.467, 126.945, 29.6, 95],
  SEOCHO: [37.473, 127.031, 47, 155],
  GANGNAM: [37.496, 127.063, 39.5, 185],
  SONGPA: [37.505, 127.115, 33.9, 200],
  GANGDONG: [37.55, 127.147, 24.6, 155],
};

/** Kilometers in a degree, in Seoul. */
const kmOfLatitude = 111.2;
const kmOfLongitude = 88.2;

interface Circle {
  latitude: number;
  longitude: number;
  /** In kilometers, of a circle with the district's area. */
  radius: number;
}

const circles = districtNames.map((name): Circle => {
  const [latitude, longitude, area] = districtLayout[name];
  return { latitude, longitude, radius: Math.sqrt(area / Math.PI) };
});

/** Circles overlap, and leave gaps: a district goes so much farther than its own, as far as no other one is closer. */
const spread = 1.12;

/** The stations of a city whose districts are where Seoul's are, and about as dense; the same for the same dice. */
export function seoul(dice: Dice, count = stationsInSeoul): CityStation[] {
  const all = districtNames.reduce((sum, name) => sum + districtLayout[name][3], 0);
  let shared = 0;
  let number = 0;
  return districtNames.flatMap((district, place) => {
    const share = districtLayout[district][3];
    const before = Math.round((shared * count) / all);
    shared += share;
    return Array.from({ length: Math.round((shared * count) / all) - before }, (_, index): CityStation => {
      number += 1;
      return {
        number,
        nameKo: `${districts[district].ko} ${index + 1}번 대여소`,
        nameEn: `${districts[district].en} station ${index + 1}`,
        district,
        position: somewhereIn(place, dice),
        racks: 5 + dice.below(12) + dice.below(12),
      };
    });
  });
}

/** Evenly over a district. */
function somewhereIn(place: number, dice: Dice): Position {
  const { latitude, longitude, radius } = circles[place] as Circle;
  let position: Position;
  do {
    const away = radius * spread * Math.sqrt(dice.below(10_000) / 10_000);
    const turn = (dice.below(36_000) / 18_000) * Math.PI;
    position = {
      latitude: rounded(latitude + (away * Math.sin(turn)) / kmOfLatitude),
      longitude: rounded(longitude + (away * Math.cos(turn)) / kmOfLongitude),
    };
  } while (closest(position) !== place);
  return position;
}

/** The circle that a place is deepest in, or least far from: so measured, the border of two is a straight line. */
function closest(position: Position): number {
  const distances = circles.map(({ latitude, longitude, radius }) => {
    const [north, east] = [position.latitude - latitude, position.longitude - longitude];
    return (north * kmOfLatitude) ** 2 + (east * kmOfLongitude) ** 2 - radius ** 2;
  });
  return distances.indexOf(Math.min(...distances));
}

/** To some 10 cm, as the city publishes it. */
const rounded = (degrees: number) => Math.round(degrees * 1_000_000) / 1_000_000;
