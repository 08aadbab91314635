import { join } from 'node:path';
import type { z } from 'zod';
import { routerPort } from '../schema/subgraphs.ts';
import type { DocumentLimits } from './documents/documents.ts';
import { headerRule } from './gateway/header-rules.ts';
import { sourceHeader } from './supergraph/source.ts';
import { statusTexts } from './http/answer-form.ts';
import {
  largestInt,
  list,
  milliseconds,
  named,
  oneOf,
  port,
  processSettings,
  readConfig,
  text,
  wholeNumber,
  type Contradictions,
  type SettingSections,
} from '../platform/server/index.ts';

const door = {
  ROUTER_PORT: port(routerPort).describe('0 for any free one'),
  CORS_ORIGINS: list(
    /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*]+\/?$/i,
    'origins of pages such as https://bikes.example, each in full',
  ).describe('pages elsewhere that may use the API; in development any of this machine’s too'),
  GRAPHQL_STATUS: oneOf(statusTexts, 'classic').describe(
    'statuses of application/graphql-response+json; 2026: by that year’s draft 422 for what is refused, 294 for data with errors',
  ),
  TRUSTED_HOPS: wholeNumber(0).describe(
    'proxies of ours before the router, which add the client’s address to X-Forwarded-For',
  ),
  PRODUCT: oneOf(['ttareungi', 'none'], 'ttareungi').describe(
    'whose pages, development tokens and scalars stand beside /graphql (router/product); none before another supergraph',
  ),
};

const toSubgraphs = {
  SUPERGRAPH: named(join(import.meta.dirname, '../schema/supergraph.graphql'), /\S/, 'a file or an address').describe(
    'a file, or an address that is polled; it says where its subgraphs are, unless BOOKS_URL does for one named books',
  ),
  SUPERGRAPH_POLL_MS: milliseconds(10_000, 1).describe('how often it is looked for a new one; SIGHUP does so at once'),
  SUPERGRAPH_HEADERS: list(sourceHeader, 'headers with their values, such as authorization:Bearer abc')
    .meta({ secret: true })
    .describe('that its address is asked with, such as the token of a registry'),
  ENGINE: oneOf(['own', 'apollo'], 'own').describe(
    'what runs queries and mutations; apollo is @apollo/gateway, slower, to compare with',
  ),
  SUBGRAPH_HEADERS: list(
    headerRule,
    'names of headers, for one subgraph with its name before them, as in books:accept-language',
    'authorization,x-correlation-id,traceparent',
  ).describe(
    'headers of clients that travel to every subgraph, or as books:accept-language to one; over WebSocket from the payload of connection_init',
  ),
  SUBGRAPH_TIMEOUT_MS: milliseconds(10_000, 1).describe('how long a subgraph may take to answer'),
  SUBGRAPH_TIMEOUTS: list(/^[\w-]+=[1-9]\d{0,8}$/, 'names with milliseconds, such as bike=2000').describe(
    'of single subgraphs, instead',
  ),
  OVERRIDE_LABELS: list(
    /^[A-Za-z][\w.:/-]*(=(100|\d{1,2}(\.\d{1,8})?))?$/,
    'labels, each for all operations or, such as new-fleet=25, for as many of a hundred',
  ).describe('of @override in a supergraph: fields that move by these are asked of the subgraph that they move to'),
  BREAKER_FAILURES: wholeNumber(10, 0, 1_000).describe(
    'of a subgraph’s last requests, twice as many: then it is not asked at first; 0 for never',
  ),
  BREAKER_OPEN_MS: milliseconds(1_000, 1).describe('… for so long, then by one request alone'),
  SUBGRAPH_CONNECTIONS: wholeNumber(64, 1).describe('per subgraph'),
  MAX_ANSWER_BYTES: wholeNumber(16_777_216, 1, largestInt).describe('of one answer or event of a subgraph'),
  RESUME_BACKOFF_MS: milliseconds(100, 1).describe('the first wait before a lost subscription is taken up …'),
  RESUME_BACKOFF_MAX_MS: milliseconds(5_000, 1).describe('… and the longest'),
  RESUME_TIMEOUT_MS: milliseconds(120_000, 1).describe('a subscription that could not be taken up for so long ends'),
};

// A client is the person where a token is good, otherwise the address (of IPv6 the /64).
const clients = {
  MAX_REQUESTS: wholeNumber(512, 1).describe(
    'queries and mutations at once, whatever way they come: in all (503 beyond) and per client (429)',
  ),
  RATE_PER_CLIENT: wholeNumber(1_000).describe(
    'operations that a client may begin a second (429 beyond); 0 for any number',
  ),
  RATE_BURST: wholeNumber(5_000, 1).describe('… and so many at once when it was quiet before'),
  RATE_PER_FIELD: list(
    /^(Query|Mutation|Subscription)\.\w+=[1-9]\d{0,8}$/,
    'fields with a number a second, such as Mutation.buyPoints=5',
  ).describe('how often a client may ask for single fields'),
  MAX_REQUESTS_PER_CLIENT: wholeNumber(64, 1).describe('of those, by one client'),
  MAX_SOCKETS_PER_CLIENT: wholeNumber(2_000, 1).describe('WebSockets of one client; in all MAX_SOCKETS'),
  MAX_STREAMS: wholeNumber(5_000, 1).describe('server-sent events'),
  MAX_STREAMS_PER_CLIENT: wholeNumber(50, 1).describe('of one client'),
  MAX_SUBSCRIPTIONS: wholeNumber(50_000, 1).describe('subscriptions of all clients'),
  MAX_SUBSCRIPTIONS_PER_CLIENT: wholeNumber(200, 1).describe('of one client'),
  MAX_BODIES: wholeNumber(2_000, 1).describe('bodies that are being read'),
  MAX_BODIES_PER_CLIENT: wholeNumber(256, 1).describe('of one client'),
  MAX_BODIES_BYTES: wholeNumber(67_108_864, 1).describe('and what came of them, with unfinished WebSocket messages'),
  MAX_BODIES_BYTES_PER_CLIENT: wholeNumber(16_777_216, 1).describe('of one client'),
  MAX_WAITING_BYTES: wholeNumber(134_217_728, 1).describe('answers and frames that clients did not take yet'),
  MAX_WAITING_BYTES_PER_CLIENT: wholeNumber(16_777_216, 1).describe('of one client'),
};

const documents = {
  MAX_QUERY_DEPTH: wholeNumber(15, 1).describe('selections in selections; beyond QUERY_TOO_DEEP'),
  MAX_QUERY_TOKENS: wholeNumber(5_000, 1).describe('words and signs of a document'),
  MAX_QUERY_BYTES: wholeNumber(32_768, 1).describe('a longer document is refused unread'),
  MAX_QUERY_SELECTIONS: wholeNumber(500, 1).describe(
    'with every fragment where it is spread; GraphiQL’s introspection has 230',
  ),
  MAX_QUERY_ALIASES: wholeNumber(200).describe('likewise'),
  MAX_QUERY_COST: wholeNumber(15_000, 1).describe(
    'about the number of values that it asks for (router/documents/cost.ts); GraphiQL’s introspection 3400, the dashboard of the pages 4900',
  ),
  MAX_RUNNING_COST: wholeNumber(10_000, 1).describe(
    'of all queries that run at once; others wait, the cheap ones first',
  ),
  QUERY_WAIT_MS: milliseconds(2_000, 1).describe('for how long; then they are answered SERVICE_UNAVAILABLE'),
  PLAN_CACHE_BYTES: wholeNumber(16_777_216).describe('for documents that were read, and for compiled operations: each'),
  INTROSPECTION: oneOf(['auto', 'on', 'off'], 'auto').describe(
    'whether clients may ask for the schema; auto in development only',
  ),
  PERSISTED_DOCUMENTS: text('a file of documents by their ids').describe(
    'that clients may name by their ids, such as schema/client/generated/persisted-documents.json',
  ),
  PERSISTED_DOCUMENTS_MODE: oneOf(['allow', 'log', 'only'], 'allow').describe(
    'other documents: taken (allow), logged once (log) or refused (only); log and only need such a file',
  ),
  LEARNED_DOCUMENTS_BYTES: wholeNumber(4_194_304).describe(
    'of documents that clients taught by their hash (automatic persisted queries); 0 for none',
  ),
  MCP: oneOf(['off', 'on'], 'off').describe(
    'on: assistants call the queries and mutations of PERSISTED_DOCUMENTS as tools, at /mcp (Model Context Protocol)',
  ),
  POLICIES_CLAIM: named('policies', /^\S+$/, 'the name of a claim').describe(
    'where tokens list what @policy in a supergraph asks for, as words or a list',
  ),
};

/** Settings of the router, besides those of every process. */
export const routerSections = {
  router: door,
  'router: subgraphs': toSubgraphs,
  'router: clients': clients,
  'router: documents': documents,
} satisfies SettingSections;

export const routerSettings = processSettings.extend({ ...door, ...toSubgraphs, ...clients, ...documents });

export type RouterSettings = z.infer<typeof routerSettings>;

export const routerContradictions: Contradictions = {
  OVERRIDE_LABELS: ({ ENGINE, OVERRIDE_LABELS = '' }) =>
    ENGINE === 'apollo' && /[^\s,]/.test(OVERRIDE_LABELS)
      ? 'ENGINE=apollo has no labels on; leave one of the two out.'
      : undefined,
  PERSISTED_DOCUMENTS_MODE: ({ PERSISTED_DOCUMENTS_MODE: mode, PERSISTED_DOCUMENTS }) =>
    (mode === 'log' || mode === 'only') && PERSISTED_DOCUMENTS === undefined
      ? `"${mode}" goes by the documents of PERSISTED_DOCUMENTS, which is not set.`
      : undefined,
  MCP: ({ MCP, PERSISTED_DOCUMENTS }) =>
    MCP === 'on' && PERSISTED_DOCUMENTS === undefined
      ? 'its tools are the operations of PERSISTED_DOCUMENTS, which is not set.'
      : undefined,
};

/**
 * Those of the gateway; the product's are checked with them, so that every mistake is told.
 * @throws {ConfigError} with one line per mistake.
 */
export function readRouterSettings(
  env: NodeJS.ProcessEnv,
  product: { settings: z.ZodObject; contradictions: Contradictions } | undefined,
): RouterSettings {
  const all = product ? routerSettings.extend(product.settings.shape) : routerSettings;
  return readConfig(all, env, {
    contradictions: { ...routerContradictions, ...product?.contradictions },
  }) as RouterSettings;
}

/** How long a subgraph may take to answer. */
export function subgraphTimeoutMs(settings: RouterSettings, name: string): number {
  const own = settings.SUBGRAPH_TIMEOUTS.findLast((each) => each.startsWith(`${name}=`));
  return own === undefined ? settings.SUBGRAPH_TIMEOUT_MS : Number(own.slice(name.length + 1));
}

/** What settings say of subgraphs that there are not, by the setting: it does nothing. */
export function unknownSubgraphs(
  { SUBGRAPH_HEADERS, SUBGRAPH_TIMEOUTS }: Pick<RouterSettings, 'SUBGRAPH_HEADERS' | 'SUBGRAPH_TIMEOUTS'>,
  known: ReadonlySet<string>,
): { setting: string; subgraphs: string[] }[] {
  const named = {
    SUBGRAPH_HEADERS: SUBGRAPH_HEADERS.flatMap((each) => /^[^:]+(?=:)/.exec(each) ?? []),
    SUBGRAPH_TIMEOUTS: SUBGRAPH_TIMEOUTS.flatMap((each) => /^[^=]+/.exec(each) ?? []),
  };
  return Object.entries(named)
    .map(([setting, names]) => ({ setting, subgraphs: names.filter((name) => !known.has(name)) }))
    .filter(({ subgraphs }) => subgraphs.length > 0);
}

/** How often a second one client may ask for single fields, such as `Mutation.buyPoints`. */
export const ratesByField = ({ RATE_PER_FIELD }: Pick<RouterSettings, 'RATE_PER_FIELD'>): ReadonlyMap<string, number> =>
  new Map(
    RATE_PER_FIELD.map((each) => {
      const [field = '', rate] = each.split('=');
      return [field, Number(rate)];
    }),
  );

export function documentLimits(settings: RouterSettings): DocumentLimits {
  return {
    maxBytes: settings.MAX_QUERY_BYTES,
    maxTokens: settings.MAX_QUERY_TOKENS,
    maxDepth: settings.MAX_QUERY_DEPTH,
    maxSelections: settings.MAX_QUERY_SELECTIONS,
    maxAliases: settings.MAX_QUERY_ALIASES,
    maxCost: settings.MAX_QUERY_COST,
    cacheBytes: settings.PLAN_CACHE_BYTES,
    introspection:
      settings.INTROSPECTION === 'auto' ? settings.LANDSCAPE === 'development' : settings.INTROSPECTION === 'on',
    claims: { scopes: settings.SCOPES_CLAIM, policies: settings.POLICIES_CLAIM },
  };
}
