import { expect, it } from '@jest/globals';
import { bikeNumbersIn } from './bike-numbers.ts';

it.each([
  ['12 13,14', [12, 13, 14]],
  [' １２\n13 ', [12, 13]],
  ['12 12 13', [12, 13]],
])('bikes are named by their numbers, each once: %p', (text, numbers) => {
  expect(bikeNumbersIn(text)).toEqual(numbers);
});

it.each(['', ' , ', '12 x', '0', '2147483648', '1.5'])('%p names no bikes', (text) => {
  expect(bikeNumbersIn(text)).toBeNull();
});

it('as many as one call takes are named', () => {
  const numbers = Array.from({ length: 1_000 }, (_, place) => place + 1);
  expect(bikeNumbersIn(numbers.join(' '))).toEqual(numbers);
  expect(bikeNumbersIn([...numbers, 1_001].join())).toBeNull();
});
