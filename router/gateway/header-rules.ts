import type { IncomingHttpHeaders } from 'node:http';
import type { RequestContext } from './request-context.ts';

/** Which headers of a client travel to which subgraph. */
export interface HeaderRules {
  /** What a subgraph is sent, in lower case. */
  namesFor(subgraph: string): readonly string[];
  /** Of a client's headers, those that travel to any subgraph as they came: two clients with the same see the same. */
  kept(headers: IncomingHttpHeaders | undefined): Readonly<Record<string, string>>;
  /** All that travel. */
  names: readonly string[];
}

/** What of a request says whose headers travel with it. */
export type Sender = Pick<Partial<RequestContext>, 'authorization' | 'correlationId' | 'traceparent' | 'headers'>;

/** Of a single request: they tell no clients apart. */
const perRequest = ['x-correlation-id', 'traceparent'];

/** `name` for all subgraphs, `subgraph:name` for one. Not: what belongs to a connection or a body, or is the router's. */
export const headerRule =
  /^([\w./-]+:)?(?!(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|accept|accept-encoding|content-[\w-]+|proxy-[\w-]+|x-router-secret)$)[a-z\d!#$%&'*+.^_`|~-]+$/i;

/** @param rules as `headerRule` says. */
export function createHeaderRules(rules: readonly string[]): HeaderRules {
  const parsed = rules.map((rule) => {
    const [name = '', subgraph] = rule.split(':').toReversed();
    return { name: name.toLowerCase(), subgraph };
  });
  const names = [...new Set(parsed.map(({ name }) => name))];
  const asTheyCame = names.filter((name) => name !== 'authorization' && !perRequest.includes(name)).toSorted();
  return {
    names,
    namesFor: (subgraph) => [
      ...new Set(
        parsed.filter((rule) => rule.subgraph === undefined || rule.subgraph === subgraph).map(({ name }) => name),
      ),
    ],
    kept: (headers) =>
      Object.fromEntries(
        asTheyCame.flatMap((name) => {
          const value = headers?.[name];
          return typeof value === 'string' ? [[name, value]] : [];
        }),
      ),
  };
}

/** The value that travels. */
export function headerOf(name: string, sender: Sender): string | undefined {
  switch (name) {
    case 'authorization':
      return sender.authorization;
    case 'x-correlation-id':
      return sender.correlationId;
    case 'traceparent':
      return sender.traceparent;
    default: {
      const value = sender.headers?.[name];
      return typeof value === 'string' ? value : undefined;
    }
  }
}

/** Headers that say who asks, for as long as a connection lasts. */
export function identityOf(names: readonly string[], sender: Sender): Record<string, string> {
  const identity: Record<string, string> = {};
  for (const name of names) {
    const value = perRequest.includes(name) ? undefined : headerOf(name, sender);
    if (value !== undefined) identity[name] = value;
  }
  return identity;
}

/** Text that the payload of `connection_init` has under the names of headers; those of the request that it came by otherwise. */
export function headersIn(
  payload: Readonly<Record<string, unknown>> | undefined,
  request: IncomingHttpHeaders,
): IncomingHttpHeaders {
  const given = Object.entries(payload ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && headerValue.test(entry[1]),
  );
  return { ...request, ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])) };
}

/** Those of a client's headers that anything is done with. */
export function headersNamed(names: readonly string[], headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named: IncomingHttpHeaders = {};
  for (const name of names) if (headers[name] !== undefined) named[name] = headers[name];
  return named;
}

/** What a header may hold (RFC 9110): a line break would begin another. */
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
