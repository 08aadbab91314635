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
    const own = given[setting] !== undefined;
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
      mistakes.push(`${setting}: ${must}; ${own ? 'it is none' : `the supergraph has none of the subgraph ${name}`}.`);
    } else if (hasUser(new URL(url))) {
      mistakes.push(`${setting}: ${must}; ${own ? 'it' : `the supergraph’s of the subgraph ${name}`} has one.`);
    } else addresses.set(name, new URL(url));
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return addresses;
}

const must = 'must be an address that begins with http:// or https://, without a user';

/** It would be sent to nobody: what travels to a subgraph is what SUBGRAPH_HEADERS says. */
const hasUser = ({ username, password }: URL) => username !== '' || password !== '';

/** The same address for graphql-transport-ws. */
export function webSocketUrl(url: URL): URL {
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return socketUrl;
}
