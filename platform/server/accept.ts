import { createLruCache } from '../foundation/lru-cache.ts';

/** Clients send few different headers of preferences, again and again. */
const headersRemembered = 100;

/** The same function of a header, worked out once for each. */
export function remembered<Value>(read: (header: string | undefined) => Value): typeof read {
  const known = createLruCache<string | undefined, { value: Value }>(headersRemembered);
  return (header) => {
    const found = known.get(header);
    if (found) return found.value;
    const value = read(header);
    known.set(header, { value });
    return value;
  };
}

/** What a header of preferences gives each name, in the header's order (RFC 9110 §12.4.2). */
export function weightsIn(header: string | undefined): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of (header ?? '').split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
    if (name !== '') weights.set(name, weight === undefined ? 1 : (qvalue(weight) ?? 0));
  }
  return weights;
}

function qvalue(text: string): number | undefined {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : undefined;
}

/** GraphQL over HTTP has two media types; a client that names none gets the older one. */
const answerTypes = ['application/json', 'application/graphql-response+json'];

/** The media type that the client prefers, the first in its header among equals; undefined when it accepts none. */
export function answerTypeFor(accept: string | undefined): string | undefined {
  if (!accept?.trim()) return answerTypes[0];
  const weights = weightsIn(accept);
  const names = [...weights.keys()];
  const candidates = answerTypes.map((type) => {
    const name = [type, 'application/*', '*/*'].find((each) => weights.has(each)) ?? '';
    return { type, weight: weights.get(name) ?? 0, place: names.indexOf(name) };
  });
  const [best] = candidates.toSorted((one, other) => other.weight - one.weight || one.place - other.place);
  return best && best.weight > 0 ? best.type : undefined;
}
