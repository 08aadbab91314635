import { ConfigError, givenIn } from '../../platform/server/index.ts';
import type { Graph } from '../documents/graph.ts';

/** Where each subgraph answers GraphQL. */
export type Addresses = ReadonlyMap<string, URL>;

/** The setting that says where a subgraph is: `film-reviews` has `FILM_REVIEWS_URL`. */
export const settingOf = (subgraph: string) => `${subgraph.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_URL`;

/**
 * The addresses of the supergraph, or those that settings give instead.
 * @throws {ConfigError} with one line per subgraph without one.
 */
export function addressesOf({ subgraphs }: Pick<Graph, 'subgraphs'>, env: NodeJS.ProcessEnv): Addresses {
  const given = givenIn(env);
  const addresses = new Map<string, URL>();
  const mistakes: string[] = [];
  for (const [name, inSupergraph] of subgraphs) {
    const setting = settingOf(name);
    const url = (given[setting] ?? inSupergraph).trim();
    if (/^https?:\/\//i.test(url) && URL.canParse(url)) addresses.set(name, new URL(url));
    else {
      const whose = given[setting] === undefined ? `the supergraph has none of the subgraph ${name}` : 'it is none';
      mistakes.push(`${setting}: must be an address that begins with http:// or https://; ${whose}.`);
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return addresses;
}

/** The same address for graphql-transport-ws. */
export function webSocketUrl(url: URL): URL {
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return socketUrl;
}
