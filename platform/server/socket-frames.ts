/** A server's text frame (RFC 6455, section 5.2), of a payload of bytes (serialised.ts). */
export function textFrame(payload: string): string {
  const { length } = payload;
  if (length < 126) return `\x81${String.fromCharCode(length)}${payload}`;
  if (length < 65_536) return `\x81\x7e${String.fromCharCode(length >> 8, length & 255)}${payload}`;
  const size = [24, 16, 8, 0].map((bits) => (length >>> bits) & 255);
  return `\x81\x7f\0\0\0\0${String.fromCharCode(...size)}${payload}`;
}
