import { z } from 'zod';

/** A setting is missing or wrong; `message` has one line per mistake. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Exit code for a wrong configuration (sysexits.h, EX_CONFIG). */
export const exitCodeConfig = 78;

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
    .describe(`a whole number, ${thousands(atLeast)} to ${thousands(atMost)}`);

/** The largest value of the graph's `Int`: the bound of settings that the graph shows. */
export const largestInt = 2 ** 31 - 1;

/** A setting that is a time. A timer with a longer delay (25 days) would fire at once. */
export const milliseconds = (fallback: number, atLeast = 0) => wholeNumber(fallback, atLeast, largestInt);

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
    .describe(allowed);

/** A setting that is a list: values separated by commas. */
export const list = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    );

/** A setting that is text of a certain form, with its default. */
export const named = (fallback: string, pattern: RegExp, allowed: string) =>
  z.string().regex(pattern).default(fallback).describe(allowed);

export const httpAddress = () => z.url({ protocol: /^https?$/ });
export const anHttpAddress = 'an address that begins with http:// or https://';

/** What a secret setting must look like; its value must not be shown. */
export const secret = (allowed: string) => ({ description: allowed, secret: true });

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Settings of every process. Defaults come from docs/facts.md, or were measured where the setting's reader says so. */
export const processSettings = z.object({
  LANDSCAPE: named('development', /^[\w.-]+$/, 'a word like development, test or production'),
  HOST: named('127.0.0.1', /^[\w.:%-]+$/, 'an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::'),
  LOG_LEVEL: z
    .enum(logLevels)
    .default('info')
    .describe(`one of ${logLevels.join(', ')}`),
  MAX_BODY_BYTES: wholeNumber(524_288, 1),
  MAX_FRAME_BYTES: wholeNumber(262_144, 1, largestInt),
  MAX_HEADER_BYTES: wholeNumber(16_384, 1_024, largestInt),
  MAX_HEADERS: wholeNumber(100, 1),
  MAX_CONNECTIONS: wholeNumber(30_000, 1),
  HEADERS_TIMEOUT_MS: milliseconds(10_000, 1),
  BODY_TIMEOUT_MS: milliseconds(20_000, 1),
  ANSWER_TIMEOUT_MS: milliseconds(30_000, 1),
  COMPRESS_ABOVE_BYTES: wholeNumber(1_400),
  MAX_SOCKETS: wholeNumber(20_000, 1),
  MAX_SUBSCRIPTIONS_PER_SOCKET: wholeNumber(100, 1),
  SUBSCRIPTION_QUEUE_LIMIT: wholeNumber(1_000, 1),
  SUBSCRIPTION_BUFFER_BYTES: wholeNumber(4_194_304, 1),
  CONNECTION_INIT_TIMEOUT_MS: milliseconds(5_000, 1),
  PING_INTERVAL_MS: milliseconds(15_000, 1),
  STOP_TIMEOUT_MS: milliseconds(10_000),
  STOP_DELAY_MS: milliseconds(0),
  KEEP_ALIVE_MS: milliseconds(5_000, 1),
  ROUTER_SECRET: list('')
    .pipe(z.array(z.string().regex(/^[\x21-\x7e ]{16,}$/)))
    .meta(secret('at least 16 characters, letters and signs of ASCII; several are separated by commas')),
  JWKS_URI: httpAddress().optional().describe(anHttpAddress),
  JWKS_TIMEOUT_MS: milliseconds(3_000, 1),
  JWKS_MAX_AGE_MS: milliseconds(300_000, 1),
  JWKS_COOLDOWN_MS: milliseconds(5_000, 1),
  JWKS_KEEP_MS: milliseconds(3_600_000, 1),
  CLOCK_TOLERANCE_MS: milliseconds(30_000),
  JWT_PUBLIC_KEY: z.string().optional().meta(secret('a public key: PEM (SPKI) or JWK')),
  JWT_ISSUER: z.string().optional().describe('the issuer that tokens name'),
  JWT_AUDIENCE: z.string().optional().describe('the audience that tokens name'),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpAddress().optional().describe(anHttpAddress),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds(2_000, 1),
  TRACE_RATIO: decimal(1, 1, 'a number from 0 to 1'),
});

export type ProcessSettings = z.infer<typeof processSettings>;

/** An empty variable counts as not set. */
export function givenIn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/**
 * The settings in the environment. An empty variable counts as not set.
 * @param nameOf the variable's name, where it differs from the setting's.
 * @throws {ConfigError} with one line per mistake.
 */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
  nameOf = (setting: string) => setting,
): z.infer<Schema> {
  const given = givenIn(env);
  const parsed = schema.safeParse(given);
  const wrong = new Set((parsed.error?.issues ?? []).map(({ path }) => String(path[0] ?? '')));
  const mistakes = [...wrong].map((name) => `${nameOf(name)}: ${mistakeOf(settingsIn(schema)[name], given[name])}`);
  const sign = signsOfProduction.find((name) => (name === 'NODE_ENV' ? given[name] === 'production' : given[name]));
  if (sign && !given['LANDSCAPE'] && schema instanceof z.ZodObject && 'LANDSCAPE' in schema.shape) {
    mistakes.push(
      `LANDSCAPE: must be said where ${sign} is set. In "development", its default, nobody pays and anybody may sign in as anyone.`,
    );
  }
  if (parsed.success && mistakes.length === 0) return parsed.data;
  throw new ConfigError(mistakes.join('\n'));
}

const settingsIn = (schema: z.ZodType): Readonly<Record<string, z.ZodType>> =>
  schema instanceof z.ZodObject ? schema.shape : {};

/** The part of a wrong value that is shown: enough to find it. */
const mostShown = 60;

function mistakeOf(setting: z.ZodType | undefined, given: string | undefined): string {
  const allowed = `must be ${setting?.description ?? 'something else'}`;
  if (given === undefined) return `${allowed}; it is not set.`;
  // An address may have a password in it.
  if (setting?.meta()?.['secret'] === true || /[@?]/.test(given)) return `${allowed}. What it is now is not shown.`;
  return `${allowed}; it is ${JSON.stringify(given.slice(0, mostShown))}${given.length > mostShown ? ' and more' : ''}.`;
}

/** If one of these is set, the defaults, which are development's, may not be meant. */
const signsOfProduction = ['JWKS_URI', 'JWT_PUBLIC_KEY', 'PAYMENT_PROVIDER_URL', 'NODE_ENV'];
