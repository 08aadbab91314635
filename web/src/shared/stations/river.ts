/**
 * The Han through Seoul, from east to west: its middle, drawn by hand for this map from where its bridges cross it. It
 * shows where one is, and nothing can be measured by it.
 */
import type { Position } from '../../../../schema/places.ts';

const middle = [
  [37.545, 127.245],
  [37.567, 127.22],
  [37.58, 127.185],
  [37.573, 127.158],
  [37.558, 127.13],
  [37.5435, 127.1145],
  [37.5345, 127.103],
  [37.5235, 127.0925],
  [37.521, 127.079],
  [37.527, 127.064],
  [37.532, 127.054],
  [37.5375, 127.035],
  [37.5365, 127.0205],
  [37.527, 127.0125],
  [37.5155, 126.996],
  [37.51, 126.9815],
  [37.5175, 126.959],
  [37.526, 126.9475],
  [37.5335, 126.9365],
  [37.5375, 126.925],
  [37.544, 126.904],
  [37.5525, 126.8915],
  [37.571, 126.8635],
  [37.586, 126.836],
  [37.5975, 126.81],
  [37.617, 126.776],
  [37.64, 126.73],
  [37.6735, 126.69],
  [37.71, 126.665],
  [37.76, 126.655],
] as const;

export const river: readonly Position[] = middle.map(([latitude, longitude]) => ({ latitude, longitude }));

/** From bank to bank, as an average. */
export const riverWidthMeters = 950;
