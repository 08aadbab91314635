import { z } from 'zod';
import { longestTimerMs } from '../foundation/time.ts';

/** A setting is missing or wrong; `message` has one line per mistake. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Exit code for a wrong configuration (sysexits.h, EX_CONFIG). */
export const exitCodeConfig = 78;

declare module 'zod' {
  interface GlobalMeta {
    /** What the setting may be, in plain words, as a mistake says it. */
    allowed?: string;
    /** Never shown. */
    secret?: boolean;
  }
}

/** Settings by name: each says its default, what it may be (`allowed`) and what it is for (`describe`). */
export type Settings = Record<string, z.ZodType>;

/** Settings under the headings that they have in .env.example: whose they are, then what for. */
export type SettingSections = Readonly<Record<string, Settings>>;

const thousands = (value: number) => value.toLocaleString('en-US');

/** A setting that is a whole number, with its default. */
export const wholeNumber = (fallback: number, atLeast = 0, atMost = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .trim()
    .regex(/^\d+$/)
    .transform(Number)
    .pipe(z.number().int().min(atLeast).max(atMost))
    .default(fallback)
    .meta({ allowed: `a whole number, ${thousands(atLeast)} to ${thousands(atMost)}` });

/** The largest value of the graph's `Int`: the bound of settings that the graph shows. */
export const largestInt = 2 ** 31 - 1;

/** A setting that is a time. */
export const milliseconds = (fallback: number, atLeast = 0) => wholeNumber(fallback, atLeast, longestTimerMs);

/** A setting that is a port to listen on; 0 for any free one. */
export const port = (fallback: number) => wholeNumber(fallback, 0, 65_535);

/** A setting that is a number of any kind. */
export const decimal = (fallback: number, atMost: number, allowed: string, isAllowed = (value: number) => value >= 0) =>
  z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().max(atMost).refine(isAllowed))
    .default(fallback)
    .meta({ allowed });

/** A setting that is a list of values separated by commas. */
export const list = (item: RegExp, allowed: string, fallback = '') =>
  listOf(fallback, z.array(z.string().regex(item))).meta({ allowed: `${allowed}; several are separated by commas` });

/** A setting that is a list of times, waited for one after the other. */
export const delays = (fallback: string) =>
  listOf(
    fallback,
    z.array(z.string().regex(/^\d+$/).transform(Number).pipe(z.number().max(longestTimerMs))).min(1),
  ).meta({
    allowed: `whole numbers up to ${thousands(longestTimerMs)}, separated by commas`,
  });

const listOf = <Items extends z.ZodType<unknown, string[]>>(fallback: string, items: Items) =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .pipe(items);

/** A setting that is text of a certain form, with its default. */
export const named = (fallback: string, pattern: RegExp, allowed: string) =>
  z.string().regex(pattern).default(fallback).meta({ allowed });

/** A setting that is any text, none by default; a secret in a file often ends with the end of its line. */
export const text = (allowed: string) => z.string().trim().regex(/\S/).optional().meta({ allowed });

/** A setting that is one of some words, with its default. */
export const oneOf = <const Words extends readonly string[]>(words: Words, fallback: Words[number]) =>
  z
    .enum(words)
    .default(() => fallback)
    .meta({ allowed: `one of ${words.join(', ')}` });

/** `fetch` asks no address with a user in it, and quotes the password when it refuses. */
const hasNoUser = (address: string) => {
  const { username, password } = new URL(address);
  return username === '' && password === '';
};
const httpUrl = () => z.url({ protocol: /^https?$/, abort: true }).refine(hasNoUser);
const anHttpAddress = 'an address that begins with http:// or https://, without a user';

export const httpAddress = (fallback: string) => httpUrl().default(fallback).meta({ allowed: anHttpAddress });

/** None by default. */
export const optionalHttpAddress = () => httpUrl().optional().meta({ allowed: anHttpAddress });

const isOrigin = (address: string) => {
  const { pathname, search, hash } = new URL(address);
  return pathname === '/' && search === '' && hash === '';
};

/**
 * Of a host and nothing below it, none by default; as browsers and identity providers spell it, without a slash at its
 * end: they compare it letter by letter, and readers of feeds take no other letters than ASCII.
 */
const optionalOrigin = () =>
  httpUrl()
    .refine(isOrigin)
    .transform((address) => new URL(address).origin)
    .optional()
    .meta({ allowed: `${anHttpAddress} or a path` });

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const general = {
  LANDSCAPE: named('development', /^[\w.-]+$/, 'a word like development, test or production').describe(
    'development signs tokens for anyone and charges nothing; must be said where keys or a payment provider are set',
  ),
  HOST: named('127.0.0.1', /^[\w.:%-]+$/, 'an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::').describe(
    'address to listen on; 0.0.0.0 in a container',
  ),
  PUBLIC_URL: optionalOrigin().describe(
    'what people and programs call this installation, e.g. https://bikes.example: in addresses and rental links of open data, and in the QR codes of bikes',
  ),
  LOG_LEVEL: oneOf(logLevels, 'info').describe(logLevels.join(' ')),
};

const http = {
  MAX_BODY_BYTES: wholeNumber(524_288, 1).describe(
    'of a request; half of it is a call with a thousand bikes, and to read it takes 20 ms',
  ),
  MAX_HEADER_BYTES: wholeNumber(16_384, 1_024, largestInt).describe('of all headers of a request together'),
  MAX_CONNECTIONS: wholeNumber(30_000, 1).describe('TCP connections in all; one beyond is closed at once'),
  HEADERS_TIMEOUT_MS: milliseconds(10_000, 1).describe('for the headers of a request to arrive; then 408'),
  BODY_TIMEOUT_MS: milliseconds(20_000, 1).describe('for its body, or a WebSocket message, after that'),
  ANSWER_TIMEOUT_MS: milliseconds(30_000, 1).describe('a client that takes nothing of its answer for so long is cut'),
  KEEP_ALIVE_MS: milliseconds(5_000, 1).describe(
    'how long an HTTP connection may idle; the router’s behind a proxy longer than the proxy’s',
  ),
};

const webSockets = {
  MAX_SOCKETS: wholeNumber(20_000, 1).describe('WebSockets'),
  MAX_FRAME_BYTES: wholeNumber(262_144, 1, largestInt).describe('of one WebSocket message'),
  MAX_SUBSCRIPTIONS_PER_SOCKET: wholeNumber(100, 1).describe(
    'subscriptions; more are refused with TOO_MANY_SUBSCRIPTIONS',
  ),
  SUBSCRIPTION_QUEUE_LIMIT: wholeNumber(1_000, 1).describe('frames waiting for one slow client …'),
  SUBSCRIPTION_BUFFER_BYTES: wholeNumber(4_194_304, 1).describe(
    '… and their bytes; beyond either it is cut off with SLOW_CONSUMER',
  ),
  CONNECTION_INIT_TIMEOUT_MS: milliseconds(5_000, 1).describe(
    'for a WebSocket to introduce itself; then it is closed with 4408',
  ),
  PING_INTERVAL_MS: milliseconds(15_000, 1).describe('a client that answers no ping until the next one is cut'),
};

const stopping = {
  STOP_TIMEOUT_MS: milliseconds(10_000).describe('how long a stop may take, after the delay'),
  STOP_DELAY_MS: milliseconds(0).describe(
    'go on answering for so long after the signal; behind a load balancer until it sends nothing more here',
  ),
};

const callers = {
  ROUTER_SECRET: list(/^[\x21-\x7e ]{16,}$/, 'at least 16 characters, letters and signs of ASCII')
    .meta({ secret: true })
    .describe(
      'where set, subgraphs answer the router only; several are all taken, the first is sent; npm start makes one',
    ),
  JWKS_URI: optionalHttpAddress().describe('where the token issuer publishes its keys'),
  JWKS_TIMEOUT_MS: milliseconds(3_000, 1).describe('how long the issuer may take to give them'),
  JWKS_MAX_AGE_MS: milliseconds(300_000, 1).describe(
    'how long they serve until they are asked for again: so long a withdrawn key may still be taken',
  ),
  JWKS_COOLDOWN_MS: milliseconds(5_000, 1).describe(
    'within so long, an unknown key is asked for once, and an issuer that failed is left alone',
  ),
  JWKS_KEEP_MS: milliseconds(3_600_000, 1).describe(
    'while the issuer is away, the keys it gave last serve for so long',
  ),
  CLOCK_TOLERANCE_MS: milliseconds(30_000).describe(
    'how far the issuer’s clock may be off: for exp, nbf and iat of a token',
  ),
  JWT_PUBLIC_KEY: text('a public key: PEM (SPKI) or JWK')
    .meta({ secret: true })
    .describe('or one key: PEM (SPKI) or JWK'),
  ROLES_CLAIM: named('roles', /^\S+$/, 'the name of a claim').describe('where tokens list the roles of this API'),
  SCOPES_CLAIM: named('scope', /^\S+$/, 'the name of a claim').describe(
    'where they list their scopes, as words or a list: what OWN_CLIENTS and @requiresScopes in a supergraph ask for',
  ),
  OWN_CLIENTS: list(/^[\x21-\x7e]+$/, 'the names of clients at the issuer').describe(
    'whose tokens (client_id or azp) may do all that the roles allow; with any other’s a rider may do what its scopes say. None: the roles alone count',
  ),
  JWT_ISSUER: text('the issuer that tokens name').describe('if set, tokens must name it'),
  JWT_AUDIENCE: text('the audience that tokens name').describe('if set, tokens must name it'),
};

const traces = {
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalHttpAddress().describe(
    'a collector of traces (OTLP over HTTP), e.g. http://127.0.0.1:4318; none, and nothing is traced',
  ),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds(2_000, 1).describe('how long the collector may take to take some'),
  TRACE_RATIO: decimal(1, 1, 'a number from 0 to 1').describe(
    'which share of all traces is kept; the same in every process',
  ),
};

/** Settings of every process. Defaults come from docs/facts.md, or were measured where the setting's reader says so. */
export const processSections = {
  'every process': general,
  'every process: HTTP': http,
  'every process: WebSockets': webSockets,
  'every process: stopping': stopping,
  'every process: who asks': callers,
  'every process: traces': traces,
} satisfies SettingSections;

export const processSettings = z.object({
  ...general,
  ...http,
  ...webSockets,
  ...stopping,
  ...callers,
  ...traces,
});

export type ProcessSettings = z.infer<typeof processSettings>;

/** An empty variable counts as not set. */
export function givenIn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/** By setting: what is wrong with it beside the others, if anything is. */
export type Contradictions = Readonly<Record<string, (given: NodeJS.ProcessEnv) => string | undefined>>;

/**
 * The settings in the environment. An empty variable counts as not set.
 * @param more `nameOf`: the variable's name, where it differs from the setting's.
 * @throws {ConfigError} with one line per mistake.
 */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
  more: { nameOf?: (setting: string) => string; contradictions?: Contradictions } = {},
): z.infer<Schema> {
  const { nameOf = (setting: string) => setting, contradictions = {} } = more;
  const given = givenIn(env);
  const parsed = schema.safeParse(given);
  /** What is wrong, by setting: what it is itself, and what it is beside the others. */
  const wrong = new Map<string, string[]>();
  const names = new Set((parsed.error?.issues ?? []).map(({ path }) => String(path[0] ?? '')));
  for (const name of names) wrong.set(name, [mistakeOf(settingsIn(schema)[name], given[name])]);
  for (const [name, mistakeIn] of Object.entries(contradictions)) {
    const mistake = mistakeIn(given);
    if (mistake !== undefined) wrong.set(name, [...(wrong.get(name) ?? []), mistake]);
  }
  const mistakes = [...wrong].map(([name, sentences]) => `${nameOf(name)}: ${sentences.join(' ')}`);
  const sign = signsOfProduction.find((name) => (name === 'NODE_ENV' ? given[name] === 'production' : given[name]));
  if (sign && !given['LANDSCAPE'] && schema instanceof z.ZodObject && 'LANDSCAPE' in schema.shape) {
    mistakes.push(
      `LANDSCAPE: must be said where ${sign} is set. In "development", its default, nothing is charged and anyone may sign in as anyone.`,
    );
  }
  if (parsed.success && mistakes.length === 0) return parsed.data;
  throw new ConfigError(mistakes.join('\n'));
}

/**
 * Makes all checks, so that no mistake hides behind another one.
 * @throws {ConfigError} with the lines of all, each once.
 */
export async function checkAll(checks: readonly (() => unknown)[]): Promise<void> {
  const mistakes = new Set<string>();
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const line of error.message.split('\n')) mistakes.add(line);
    }
  }
  if (mistakes.size > 0) throw new ConfigError([...mistakes].join('\n'));
}

const settingsIn = (schema: z.ZodType): Readonly<Record<string, z.ZodType>> =>
  schema instanceof z.ZodObject ? schema.shape : {};

/** The part of a wrong value that is shown: enough to find it. */
const mostShown = 60;

function mistakeOf(setting: z.ZodType | undefined, given: string | undefined): string {
  const allowed = `must be ${setting?.meta()?.allowed ?? 'something else'}`;
  if (given === undefined) return `${allowed}; it is not set.`;
  // An address may have a password in it.
  if (setting?.meta()?.secret || /[@?]/.test(given)) return `${allowed}. What it is now is not shown.`;
  return `${allowed}; it is ${JSON.stringify(given.slice(0, mostShown))}${given.length > mostShown ? ' and more' : ''}.`;
}

/** If one of these is set, the defaults, which are development's, may not be meant. */
const signsOfProduction = ['JWKS_URI', 'JWT_PUBLIC_KEY', 'PAYMENT_PROVIDER_URL', 'NODE_ENV'];
