import { z } from 'zod';

/** A setting is missing or wrong; `message` has one line per mistake. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Exit code for a wrong configuration (sysexits.h, EX_CONFIG). */
export const exitCodeConfig = 78;

/** A setting that is a whole number, with its default. */
export const wholeNumber = (fallback: number, atLeast = 0, atMost = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(atLeast).max(atMost).default(fallback);

/** A setting that is a port to listen on; 0 for any free one. */
export const port = (fallback: number) => wholeNumber(fallback, 0, 65_535);

/** Most that the graph's `Int` can show: the bound of settings that it shows. */
export const largestInt = 2 ** 31 - 1;

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

/** Settings that every process has. Sources of defaults: ARCHITECTURE §6, or measured where the setting's reader says so. */
export const processSettings = z.object({
  LANDSCAPE: z.string().min(1).default('development'),
  HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  MAX_BODY_BYTES: wholeNumber(524_288, 1),
  MAX_FRAME_BYTES: wholeNumber(262_144, 1),
  MAX_HEADER_BYTES: wholeNumber(16_384, 1_024),
  MAX_HEADERS: wholeNumber(100, 1),
  MAX_CONNECTIONS: wholeNumber(30_000, 1),
  HEADERS_TIMEOUT_MS: wholeNumber(10_000, 1),
  BODY_TIMEOUT_MS: wholeNumber(20_000, 1),
  ANSWER_TIMEOUT_MS: wholeNumber(30_000, 1),
  COMPRESS_ABOVE_BYTES: wholeNumber(1_400),
  MAX_SOCKETS: wholeNumber(20_000, 1),
  MAX_SUBSCRIPTIONS_PER_SOCKET: wholeNumber(100, 1),
  SUBSCRIPTION_QUEUE_LIMIT: wholeNumber(1_000, 1),
  SUBSCRIPTION_BUFFER_BYTES: wholeNumber(4_194_304, 1),
  CONNECTION_INIT_TIMEOUT_MS: wholeNumber(5_000, 1),
  PING_INTERVAL_MS: wholeNumber(15_000, 1),
  STOP_TIMEOUT_MS: wholeNumber(10_000),
  STOP_DELAY_MS: wholeNumber(0),
  KEEP_ALIVE_MS: wholeNumber(5_000, 1),
  ROUTER_SECRET: list('').pipe(z.array(z.string().min(16, 'at least 16 characters'))),
  JWKS_URI: z.url({ protocol: /^https?$/ }).optional(),
  JWKS_TIMEOUT_MS: wholeNumber(3_000, 1),
  JWKS_MAX_AGE_MS: wholeNumber(300_000, 1),
  JWKS_COOLDOWN_MS: wholeNumber(5_000, 1),
  JWKS_KEEP_MS: wholeNumber(3_600_000, 1),
  CLOCK_TOLERANCE_MS: wholeNumber(30_000),
  JWT_PUBLIC_KEY: z.string().min(1).optional(),
  JWT_ISSUER: z.string().min(1).optional(),
  JWT_AUDIENCE: z.string().min(1).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_TIMEOUT: wholeNumber(2_000, 1),
  TRACE_RATIO: z.coerce.number().min(0).max(1).default(1),
});

export type ProcessSettings = z.infer<typeof processSettings>;

/** An empty variable counts as not set. */
export function givenIn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/**
 * The settings in the environment. An empty variable counts as not set.
 * @throws {ConfigError} with one line per mistake.
 */
export function readConfig<Schema extends z.ZodType>(schema: Schema, env: NodeJS.ProcessEnv): z.infer<Schema> {
  const given = givenIn(env);
  const parsed = schema.safeParse(given);
  const mistakes = (parsed.error?.issues ?? []).map(
    (issue) => `${issue.path.join('.') || 'configuration'}: ${issue.message}`,
  );
  const sign = signsOfProduction.find((name) => (name === 'NODE_ENV' ? given[name] === 'production' : given[name]));
  if (sign && !given['LANDSCAPE'] && schema instanceof z.ZodObject && 'LANDSCAPE' in schema.shape) {
    mistakes.push(
      `LANDSCAPE: must be said where ${sign} is set. In "development", its default, nobody pays and anybody may sign in as anyone.`,
    );
  }
  if (parsed.success && mistakes.length === 0) return parsed.data;
  throw new ConfigError(mistakes.join('\n'));
}

/** Who sets one of these may not mean the defaults, which are development's. */
const signsOfProduction = ['JWKS_URI', 'JWT_PUBLIC_KEY', 'PAYMENT_PROVIDER_URL', 'NODE_ENV'];
