import { describe, expect, it } from '@jest/globals';
import { createCors } from './cors.ts';

describe('a page', () => {
  it.each([
    ['https://bikes.example', 'https://bikes.example'],
    ['https://Bikes.Example/', 'https://bikes.example'],
    ['https://bikes.example:443', 'https://bikes.example'],
    ['https://bikes.example:8443', 'https://bikes.example:8443'],
    ['https://자전거.example', 'https://xn--v69aj82c7ja.example'],
    ['App://-/', 'app://-'],
  ])('of the origin %s is told apart by what browsers call it, %s', (named, origin) => {
    const cors = createCors([named]);
    expect(cors.isAllowed(origin)).toBe(true);
    expect(cors.isAllowed(origin.replace('//', '//x'))).toBe(false);
    expect(cors.isAllowed('null')).toBe(false);
  });
});
