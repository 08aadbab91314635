import { GraphQLError } from 'graphql';

/** What came in does not fit its contract. A message is parked, a request is answered BAD_USER_INPUT. */
export class ContractError extends Error {
  override name = 'ContractError';
}

/** A document of a journal does not fit the one before it: what was written once was changed. */
export class ChainBrokenError extends ContractError {
  override name = 'ChainBrokenError';
}

/** Somebody else decided first, again and again. Trying once more may help. */
export class ConflictError extends Error {
  override name = 'ConflictError';
}

/** A server that this process needs does not answer. A later try may work; the outcome of a write may be unknown. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}

/** Codes in `errors[].extensions.code`; stable, and listed in the README. */
export const errorCodes = [
  'UNAUTHENTICATED',
  'TOKEN_EXPIRED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'CURSOR_EXPIRED',
  'CONFLICT',
  'TOO_MANY_REQUESTS',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The HTTP status that goes with a code; all others leave it to the transport. The first of them outweighs the others. */
export const httpStatus: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  TOO_MANY_REQUESTS: 429,
  SERVICE_UNAVAILABLE: 503,
};

/** An error that a client may see as it is. */
export function clientError(code: ErrorCode, message: string): GraphQLError {
  const status = httpStatus[code];
  return new GraphQLError(message, { extensions: { code, ...(status ? { http: { status } } : {}) } });
}

const outageNames =
  /^(Mongo(Network|ServerSelection|PoolCleared|NotConnected|TopologyClosed|WaitQueue|WriteConcern)|MongooseServerSelection|PoolClearedOnNetwork)/;

/**
 * What a MongoDB server says when a read took too long (MaxTimeMSExpired), or while it stops or steps down
 * (ShutdownInProgress, InterruptedAtShutdown and the like), and the operating system's socket errors: the driver passes
 * some of its errors on as they are.
 */
const outageCodes = new Set<unknown>([
  ...[50, 91, 189, 10107, 11600, 11602, 13435, 13436],
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'],
  'EAI_AGAIN',
]);

/** Whether an error means that a server is away, from any library. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof UnavailableError || outageNames.test(error.name)) return true;
  if ('code' in error && outageCodes.has(error.code)) return true;
  // A failed bulk write is an error of its own; what broke it is inside.
  if ('errorResponse' in error && isUnavailable(error.errorResponse)) return true;
  // Mongoose throws a plain MongooseError when a connection was closed or never came up; MongoDB labels repeatable
  // errors.
  if (error.name === 'MongooseError' && /initial connection|buffering timed out|not connected/.test(error.message))
    return true;
  return (
    'errorLabelSet' in error && error.errorLabelSet instanceof Set && error.errorLabelSet.has('RetryableWriteError')
  );
}

/** What a client may see of an error; the caller logs the rest. */
export function toClientError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError && !error.originalError) return error;
  const cause = error instanceof GraphQLError ? error.originalError : error;
  if (cause instanceof GraphQLError) return cause;
  if (cause instanceof ContractError) return clientError('BAD_USER_INPUT', cause.message);
  if (cause instanceof ConflictError)
    return clientError('CONFLICT', 'Too many requests for the same thing at once. Try again.');
  if (isUnavailable(cause)) {
    return clientError(
      'SERVICE_UNAVAILABLE',
      'A server that is needed does not answer. Try again with the same idempotency key.',
    );
  }
  return clientError(
    'INTERNAL_SERVER_ERROR',
    'Something went wrong here. The log has it under the request’s correlation id.',
  );
}
