import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type UseQueryResult, useQueries } from '@tanstack/react-query';
import { createClient } from '../../../../schema/client/client.ts';
import {
  OvertimeTariffDocument,
  PurchaseTariffDocument,
  ReservationTariffDocument,
  type TariffQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { graphqlUrl } from '../session/session.ts';
import { type Answer, answerTo, query } from './answer.ts';

/** What things cost and how long they last, as far as the services have answered; the rest stays unknown. */
export type Tariff = Partial<Omit<TariffQuery['tariff'], '__typename'>>;

/** For what is public: without a token. */
export const anyone = { id: 'anyone', client: createClient({ url: graphqlUrl }) };

const documents: readonly TypedDocumentNode<{ tariff: Tariff }, Record<string, never>>[] = [
  ReservationTariffDocument,
  OvertimeTariffDocument,
  PurchaseTariffDocument,
];
const queries = documents.map((document) => ({
  ...answerTo(query(document, {}), anyone),
  staleTime: Infinity,
  // An installation's prices change.
  refetchOnWindowFocus: 'always' as const,
}));

function combine(parts: readonly UseQueryResult<Answer<{ tariff: Tariff }>>[]): Tariff {
  return Object.assign({}, ...parts.map(({ data }) => data?.data?.tariff)) as Tariff;
}

export function useTariff(): Tariff {
  return useQueries({ queries, combine });
}
