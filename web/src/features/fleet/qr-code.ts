import { encodeQR } from 'qr';

/** What a code looks like: squares of 1, dark ones along the path, on a light ground of `size` by `size`. */
export interface QrCode {
  size: number;
  path: string;
}

/** Readers need so much light around a code (ISO/IEC 18004). */
const quietZone = 4;

/** A code that is still read when a quarter of it is scratched or dirty, as on a bike in the street. */
export function qrCodeOf(text: string): QrCode {
  const rows = encodeQR(text, 'raw', { ecc: 'quartile', border: quietZone });
  const path = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  return { size: rows.length, path: path.join('') };
}
