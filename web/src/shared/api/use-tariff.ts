import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useSyncExternalStore } from 'react';
import { createClient } from '../../../../schema/client/client.ts';
import {
  OvertimeTariffDocument,
  PurchaseTariffDocument,
  ReservationTariffDocument,
  type TariffQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { backoffMs, pause } from './backoff.ts';

/** What things cost and how long they last, as far as the services have answered; the rest stays unknown. */
export type Tariff = Partial<Omit<TariffQuery['tariff'], '__typename'>>;

const documents: readonly TypedDocumentNode<{ tariff: Tariff }, Record<string, never>>[] = [
  ReservationTariffDocument,
  OvertimeTariffDocument,
  PurchaseTariffDocument,
];
const listeners = new Set<() => void>();
let tariff: Tariff = {};
let isFollowed = false;

/** Public, so without a token. Fetched again when the page becomes visible, because an installation's prices change. */
function follow(): void {
  if (isFollowed) return;
  isFollowed = true;
  const client = createClient({ url: new URL('/graphql', location.href).href });
  const never = new AbortController().signal;
  const learn = async (document: (typeof documents)[number]) => {
    for (let retry = 1; ; retry += 1) {
      try {
        const part = (await client.request(document, {})).tariff;
        tariff = { ...tariff, ...part };
        for (const notify of listeners) notify();
        return;
      } catch {
        // Its service is down: sentences omit its numbers until it is back.
        await pause(backoffMs(retry), never);
      }
    }
  };
  const learnAll = () => void Promise.all(documents.map(learn));
  document.addEventListener('visibilitychange', () => document.hidden || learnAll());
  learnAll();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  follow();
  return () => listeners.delete(listener);
}

export function useTariff(): Tariff {
  return useSyncExternalStore(subscribe, () => tariff);
}
