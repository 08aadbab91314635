import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import { httpStatus } from '../foundation/errors.ts';

/** The HTTP status of an answer without any data. One with some data stays 200, so that clients use what there is. */
export function statusWithoutData(
  data: Record<string, unknown> | null | undefined,
  errors: readonly GraphQLFormattedError[] | undefined,
): number | undefined {
  if (!errors || Object.values(data ?? {}).some((value) => value !== null)) return undefined;
  const codes = errors.map(({ extensions }) => extensions?.['code']);
  return Object.entries(httpStatus).find(([code]) => codes.includes(code))?.[1];
}

/** Gives an answer without any data the HTTP status of its errors. */
export const answerStatus: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ response: { body, http } }) {
        const { data, errors } = body.kind === 'single' ? body.singleResult : body.initialResult;
        const status = statusWithoutData(data, errors);
        if (status !== undefined) http.status = status;
      },
    };
  },
};
