import { readFileSync } from 'node:fs';

/**
 * The subgraphs of the supergraph, their ports (the first five have those of the system this one descends from), and whose events each of
 * them handles; the broker lets it ask no other service for events.
 */
export const subgraphs = {
  approval: { port: 8081, follows: [] },
  reservation: { port: 8082, follows: ['bike', 'point'] },
  point: { port: 8083, follows: ['approval', 'reservation'] },
  bike: { port: 8084, follows: [] },
  dashboard: { port: 8085, follows: ['bike', 'approval', 'point', 'reservation', 'station'] },
  station: { port: 8086, follows: [] },
} as const;

export type SubgraphName = keyof typeof subgraphs;
export const subgraphNames = Object.keys(subgraphs) as SubgraphName[];
export const routerPort = 8088;

/** A subgraph's schema: what every subgraph speaks (`shared.graphql`) and its own `schema.graphql`. */
export function subgraphSdl(name: SubgraphName): string {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  return `${read('./shared.graphql')}\n${read(`../subgraphs/${name}/schema.graphql`)}`;
}
