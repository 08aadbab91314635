import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { remembered, weightsIn } from './accept.ts';

export type Encoding = 'br' | 'gzip';

const encodings: readonly Encoding[] = ['br', 'gzip'];

/** One network packet carries this much: compressing less saves nothing. */
export const worthCompressingBytes = 1_400;

/** An answer is compressed once and sent once: 4 takes a tenth of the time of 11 and loses few percent. */
const brotliQuality = 4;

/** The encoding that the client prefers among those supported here (RFC 9110 §12.5.3); brotli among equals. */
export const encodingFor = remembered((acceptEncoding): Encoding | undefined => {
  const weights = weightsIn(acceptEncoding);
  const weightOf = (encoding: string) => weights.get(encoding) ?? weights.get('*') ?? 0;
  const best = encodings.reduce((one, other) => (weightOf(other) > weightOf(one) ? other : one));
  // Unless it is listed, the plain answer is acceptable, but ranks below every listed encoding.
  return weightOf(best) > 0 && weightOf(best) >= (weights.get('identity') ?? 0) ? best : undefined;
});

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

/**
 * How much of the result is made before the event loop gets its turn: by Node's 16 kB, a megabyte would wait for sixty turns,
 * a quarter of a second on a busy instance. Most of what is sent becomes less than a quarter.
 */
const chunkSizeOf = (body: string | Buffer) => Math.max(constants.Z_DEFAULT_CHUNK, Math.ceil(body.length / 4));

/** @param quality of brotli. */
export function compress(body: string | Buffer, encoding: Encoding, quality = brotliQuality): Promise<Buffer> {
  const chunkSize = chunkSizeOf(body);
  return encoding === 'br'
    ? brotli(body, { chunkSize, params: { [constants.BROTLI_PARAM_QUALITY]: quality } })
    : zip(body, { chunkSize });
}

/** What several clients are sent as the same bytes. */
const compressed = new WeakMap<Buffer, Map<Encoding, Promise<Buffer>>>();

/** The same bytes are compressed once, however many clients get them at the time. */
export function compressOnce(body: string | Buffer, encoding: Encoding, quality?: number): Promise<Buffer> {
  if (typeof body === 'string') return compress(body, encoding, quality);
  const known = compressed.get(body) ?? new Map<Encoding, Promise<Buffer>>();
  const result = known.get(encoding) ?? compress(body, encoding, quality);
  compressed.set(body, known.set(encoding, result));
  return result;
}
