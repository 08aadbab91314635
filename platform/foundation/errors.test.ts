import { describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import {
  ConflictError,
  ContractError,
  UnavailableError,
  clientError,
  isUnavailable,
  toClientError,
  type ErrorCode,
} from './errors.ts';

const named = (name: string, message = 'secret detail') => Object.assign(new Error(message), { name });
/** As GraphQL passes on what a resolver threw. */
const thrown = (originalError: Error) => new GraphQLError(originalError.message, { originalError, path: ['bike'] });
const retryable = Object.assign(new Error('secret detail'), { errorLabelSet: new Set(['RetryableWriteError']) });

describe('an error', () => {
  it.each<[string, unknown, ErrorCode]>([
    ['that breaks a contract', new ContractError('"first" must be 1 to 200.'), 'BAD_USER_INPUT'],
    ['of too many writers', new ConflictError('secret detail'), 'CONFLICT'],
    ['of a server that is away', new UnavailableError('secret detail'), 'SERVICE_UNAVAILABLE'],
    ['of a database that is away', named('MongoServerSelectionError'), 'SERVICE_UNAVAILABLE'],
    ['of a lost connection', named('MongoNetworkTimeoutError'), 'SERVICE_UNAVAILABLE'],
    ['that can be repeated', retryable, 'SERVICE_UNAVAILABLE'],
    ['that is a bug', new TypeError('secret detail'), 'INTERNAL_SERVER_ERROR'],
    ['that is no error', 'secret detail', 'INTERNAL_SERVER_ERROR'],
    ['that is nothing', undefined, 'INTERNAL_SERVER_ERROR'],
  ])('%s has its code, and tells no secret', (_what, error, code) => {
    for (const seen of error instanceof Error ? [error, thrown(error)] : [error]) {
      const told = toClientError(seen);
      expect(told.extensions['code']).toBe(code);
      expect(told.message).not.toContain('secret detail');
    }
  });

  it('that breaks a contract is told in its own words', () => {
    expect(toClientError(thrown(new ContractError('"first" must be 1 to 200.'))).message).toBe(
      '"first" must be 1 to 200.',
    );
  });

  it('that a client may see stays as it is', () => {
    const forbidden = clientError('FORBIDDEN', 'This belongs to another rider.');
    expect(toClientError(forbidden)).toBe(forbidden);
    expect(toClientError(thrown(forbidden))).toBe(forbidden);
    const unknownField = new GraphQLError('Cannot query field "x".');
    expect(toClientError(unknownField)).toBe(unknownField);
  });

  it('has an HTTP status where the whole answer is that error', () => {
    expect(clientError('UNAUTHENTICATED', '').extensions).toEqual({ code: 'UNAUTHENTICATED', http: { status: 401 } });
    expect(clientError('SERVICE_UNAVAILABLE', '').extensions).toMatchObject({ http: { status: 503 } });
    expect(clientError('FORBIDDEN', '').extensions).toEqual({ code: 'FORBIDDEN' });
  });

  it('means an outage only when a server is away', () => {
    const outages = [
      new UnavailableError('later'),
      named('MongoNetworkError'),
      // How the driver reports a bulk write whose connection broke.
      Object.assign(named('MongoBulkWriteError'), { errorResponse: named('MongoNetworkError') }),
      named('MongoPoolClearedError'),
      named('PoolClearedOnNetworkError'),
      named('MongoNotConnectedError'),
      named('MongoTopologyClosedError'),
      named('MongoWaitQueueTimeoutError'),
      named('MongooseServerSelectionError'),
      named('MongooseError', 'Operation `bikes.findOne()` buffering timed out after 10000ms'),
      retryable,
      Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET', syscall: 'write' }),
      Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }),
      Object.assign(new Error('write'), { code: 91 }),
    ];
    expect(outages.filter((error) => !isUnavailable(error))).toEqual([]);
    const others = [
      new Error('no'),
      new ContractError('no'),
      new ConflictError('no'),
      named('MongoServerError', 'E11000 duplicate key'),
      named('MongooseError', 'Schema has no path'),
      Object.assign(new Error('open'), { code: 'ENOENT' }),
      Object.assign(new Error('no'), { errorLabelSet: new Set(['Other']) }),
      'MongoNetworkError',
      null,
    ];
    expect(others.filter(isUnavailable)).toEqual([]);
  });
});
