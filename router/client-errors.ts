import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { sanitizeText } from '../schema/text.ts';
import type { Logger } from '../platform/server/index.ts';

/** Codes that the router itself gives, beside those of the subgraphs and of Apollo Server. */
export const routerErrorCodes = [
  'UNAUTHENTICATED',
  'TOKEN_EXPIRED',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'QUERY_TOO_DEEP',
  'QUERY_TOO_COMPLEX',
  'SLOW_CONSUMER',
  'UNAUTHORIZED_FIELD_OR_TYPE',
  'QUERY_NOT_IN_SAFELIST',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'TOO_MANY_REQUESTS',
  'TOO_MANY_SUBSCRIPTIONS',
  'SUBSCRIPTION_SCHEMA_RELOAD',
] as const;

export type RouterErrorCode = (typeof routerErrorCodes)[number];

export function routerError(code: RouterErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

export const unavailable = (message = 'A service that is needed does not answer. Try again later.') =>
  routerError('SERVICE_UNAVAILABLE', message);

/** Reaches no client: the one that it is for has disconnected. */
export const cancelled = () =>
  routerError('SERVICE_UNAVAILABLE', 'The request was given up, because its client has gone.');

export const schemaReloaded = () =>
  routerError(
    'SUBSCRIPTION_SCHEMA_RELOAD',
    'The schema has changed, and this subscription cannot go on: subscribe again.',
  );

/** Of a stream or a socket that was let in: a new token lets it go on. */
export const tokenExpired = () => routerError('TOKEN_EXPIRED', 'The token has expired.');

/** Extensions that expose internals: which service, where it runs, what its code looks like. */
const innerExtensions = new Set(['serviceName', 'service', 'stacktrace', 'exception', 'response', 'http']);

/** Messages quote what a client sent: that may be as long as a body, or hold terminal control characters. */
const longestMessage = 1_000;
/** Of a longer one, so much of its end is kept: what is wrong with a value, and where it stands, follows it. */
const keptEnd = 300;

/** Turns errors into what a client may see. */
export type ErrorFormatter = (error: unknown, formatted?: GraphQLFormattedError) => GraphQLFormattedError;

/**
 * Codes and messages of subgraphs pass through. Unexpected exceptions of the router are logged and masked.
 */
export function createErrorFormatter(logger: Logger): ErrorFormatter {
  return (error, formatted) => {
    const { message: said, path, locations, extensions } = formatted ?? formattedOf(error);
    const message = shortened(said);
    const code = codeOf(extensions);
    if (code === 'INTERNAL_SERVER_ERROR' && isAccident(error)) {
      logger.error({ err: error }, 'operation failed');
      return { message: 'Something went wrong here. The log has it.', extensions: { code } };
    }
    const shown = Object.entries(extensions ?? {}).filter(([name]) => !innerExtensions.has(name));
    return {
      message,
      ...(locations ? { locations } : {}),
      ...(path ? { path } : {}),
      extensions: { ...Object.fromEntries(shown), code },
    };
  };
}

function shortened(said: string): string {
  if (said.length <= longestMessage) return sanitizeText(said, longestMessage);
  const gap = ' … ';
  const begin = sanitizeText(said, longestMessage - gap.length - keptEnd);
  return begin + gap + sanitizeText(said.slice(-keptEnd), keptEnd);
}

function formattedOf(error: unknown): GraphQLFormattedError {
  if (error instanceof GraphQLError) return error.toJSON();
  if (isFormatted(error)) return error;
  return { message: 'Unexpected error.' };
}

/** Also for errors of another realm, which `instanceof` misses. */
const isError = (value: unknown) => Object.prototype.toString.call(value) === '[object Error]';

function isFormatted(error: unknown): error is GraphQLFormattedError {
  return typeof error === 'object' && error !== null && 'message' in error && !isError(error);
}

function codeOf(extensions: GraphQLFormattedError['extensions']): string {
  const code = extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

/** Thrown, not answered: an exception of the router's own code. A subgraph's error arrives as a plain object. */
function isAccident(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return isError(error);
  return isError(error.originalError) && !(error.originalError instanceof GraphQLError);
}
