import type { IncomingMessage } from 'node:http';

/**
 * Headers that decide something and hold one value: of two, Node would use the first, a proxy perhaps the last. Lists
 * (`Accept`, `X-Forwarded-For`) may come in several, and of what is only passed on or logged nothing depends.
 */
const once = new Map(
  ['Host', 'Authorization', 'Content-Type', 'Content-Length', 'Last-Event-ID'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/** The name of a header that may come once and comes again. */
export function repeatedHeader({ headers, rawHeaders }: IncomingMessage): string | undefined {
  // Almost every request: none comes again.
  if (Object.keys(headers).length * 2 === rawHeaders.length) return undefined;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = once.get((rawHeaders[at] ?? '').toLowerCase());
    if (name === undefined) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
