import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import decodeQR from 'qr/decode.js';
import { qrCodeOf, type QrCode } from './qr-code.ts';

/** As a camera sees it, at so many pixels a square. */
function photographed({ size, path }: QrCode, scale: number) {
  const width = size * scale;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, left, top] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let y = Number(top) * scale; y < (Number(top) + 1) * scale; y += 1) {
      for (let x = Number(left) * scale; x < (Number(left) + 1) * scale; x += 1)
        data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height: width, data };
}

it.each([
  'http://127.0.0.1:8088/ride?bike=1',
  'https://bikes.seoul.example/ride?bike=2147483647',
  `https://${'a'.repeat(60)}.${'b'.repeat(60)}.example:65535/ride?bike=17`,
  'https://따릉이.example/ride?bike=17',
])('a camera reads %s', (address) => expect(decodeQR(photographed(qrCodeOf(address), 4))).toBe(address));

it('a camera reads the number of every bike', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (bikeId) => {
      const address = `https://bikes.example/ride?bike=${bikeId}`;
      expect(decodeQR(photographed(qrCodeOf(address), 3))).toBe(address);
    }),
    { numRuns: 25 },
  );
});

it('has light around it, and can lose some of its squares', () => {
  const address = 'https://bikes.example/ride?bike=17';
  const code = qrCodeOf(address);
  const at = [...code.path.matchAll(/M(\d+) (\d+)/g)].flatMap(([, x, y]) => [Number(x), Number(y)]);
  expect(Math.min(...at)).toBe(4);
  expect(Math.max(...at)).toBe(code.size - 5);
  // A scratch through the lower right, where no corner mark is.
  const scratched = code.path.replaceAll(/M(\d+) (\d+)h1v1h-1z/g, (square, x, y) =>
    Number(x) > code.size - 13 && Number(y) > code.size - 9 ? '' : square,
  );
  expect(decodeQR(photographed({ ...code, path: scratched }, 4))).toBe(address);
});
