import { join } from 'node:path';
import { z } from 'zod';
import { subgraphs, routerPort, type SubgraphName } from '../schema/subgraphs.ts';
import type { DocumentLimits } from './documents/documents.ts';
import {
  anHttpAddress,
  httpAddress,
  largestInt,
  list,
  milliseconds,
  port,
  processSettings,
  secret,
  wholeNumber,
} from '../platform/server/index.ts';

const subgraphUrl = (name: SubgraphName) =>
  httpAddress().default(`http://127.0.0.1:${subgraphs[name].port}/graphql`).describe(anHttpAddress);

/** Every limit, time-out and default of the router; the table in README.md says what each is for. */
export const routerSettings = processSettings.extend({
  ROUTER_PORT: port(routerPort),
  APPROVAL_URL: subgraphUrl('approval'),
  RESERVATION_URL: subgraphUrl('reservation'),
  POINT_URL: subgraphUrl('point'),
  BIKE_URL: subgraphUrl('bike'),
  DASHBOARD_URL: subgraphUrl('dashboard'),
  CORS_ORIGINS: list('').describe('origins of pages, separated by commas'),
  WEB_ROOT: z
    .string()
    .default(join(import.meta.dirname, '../web/dist'))
    .describe('a folder'),

  SUBGRAPH_TIMEOUT_MS: milliseconds(10_000, 1),
  SUBGRAPH_CONNECTIONS: wholeNumber(64, 1),
  MAX_ANSWER_BYTES: wholeNumber(16_777_216, 1, largestInt),
  READINESS_TIMEOUT_MS: milliseconds(2_000, 1),

  MAX_REQUESTS: wholeNumber(512, 1),
  MAX_REQUESTS_PER_CLIENT: wholeNumber(64, 1),
  MAX_SOCKETS_PER_CLIENT: wholeNumber(2_000, 1),
  MAX_STREAMS: wholeNumber(5_000, 1),
  MAX_STREAMS_PER_CLIENT: wholeNumber(50, 1),
  MAX_SUBSCRIPTIONS: wholeNumber(50_000, 1),
  MAX_SUBSCRIPTIONS_PER_CLIENT: wholeNumber(200, 1),
  MAX_BODIES: wholeNumber(2_000, 1),
  MAX_BODIES_PER_CLIENT: wholeNumber(256, 1),
  MAX_BODIES_BYTES: wholeNumber(67_108_864, 1),
  MAX_BODIES_BYTES_PER_CLIENT: wholeNumber(16_777_216, 1),
  MAX_WAITING_BYTES: wholeNumber(134_217_728, 1),
  MAX_WAITING_BYTES_PER_CLIENT: wholeNumber(16_777_216, 1),
  TRUSTED_HOPS: wholeNumber(0),
  MAX_QUERY_DEPTH: wholeNumber(15, 1),
  MAX_QUERY_TOKENS: wholeNumber(5_000, 1),
  MAX_QUERY_BYTES: wholeNumber(32_768, 1),
  MAX_QUERY_SELECTIONS: wholeNumber(500, 1),
  MAX_QUERY_ALIASES: wholeNumber(200),
  MAX_QUERY_COST: wholeNumber(10_000, 1),
  MAX_RUNNING_COST: wholeNumber(10_000, 1),
  QUERY_WAIT_MS: milliseconds(2_000, 1),
  MAX_LIST_ITEMS: wholeNumber(1_000, 1),
  PLAN_CACHE_BYTES: wholeNumber(16_777_216),

  RESUME_BACKOFF_MS: milliseconds(100, 1),
  RESUME_BACKOFF_MAX_MS: milliseconds(5_000, 1),
  RESUME_TIMEOUT_MS: milliseconds(120_000, 1),

  DEV_TOKEN_PRIVATE_KEY: z.string().optional().meta(secret('a private JWK')),
  DEV_TOKEN_TTL_SECONDS: wholeNumber(28_800, 1, largestInt),
});

export type RouterSettings = z.infer<typeof routerSettings>;

/** Where each subgraph answers GraphQL. */
export function subgraphUrls(settings: RouterSettings): Record<SubgraphName, URL> {
  return {
    approval: new URL(settings.APPROVAL_URL),
    reservation: new URL(settings.RESERVATION_URL),
    point: new URL(settings.POINT_URL),
    bike: new URL(settings.BIKE_URL),
    dashboard: new URL(settings.DASHBOARD_URL),
  };
}

/** The same address for graphql-transport-ws. */
export function webSocketUrl(url: URL): URL {
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return socketUrl;
}

export function documentLimits(settings: RouterSettings): DocumentLimits {
  return {
    maxBytes: settings.MAX_QUERY_BYTES,
    maxTokens: settings.MAX_QUERY_TOKENS,
    maxDepth: settings.MAX_QUERY_DEPTH,
    maxSelections: settings.MAX_QUERY_SELECTIONS,
    maxAliases: settings.MAX_QUERY_ALIASES,
    maxCost: settings.MAX_QUERY_COST,
    maxListItems: settings.MAX_LIST_ITEMS,
    cacheBytes: settings.PLAN_CACHE_BYTES,
  };
}
