import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useEffect, useRef, useState } from 'react';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { ReservationChangedDocument } from '../../../../schema/client/generated/graphql.ts';
import { serverClock } from '../i18n/server-clock.ts';
import { backoffMs, isAborted, pause } from './backoff.ts';

type Documents<Answers, Variables> = { [Name in keyof Answers]: TypedDocumentNode<Answers[Name], Variables> };

export interface LiveAnswers<Answers> {
  /** The latest answer to each query, if there was one. */
  answers: Partial<Answers>;
  /** Queries whose last attempt failed although the server answered. */
  away: readonly (keyof Answers)[];
  /** Since when the server does not answer at all, in epoch milliseconds by its clock. */
  lostSince: number | null;
  /** Asks again, and resolves when the answers are on the screen. */
  refresh: () => Promise<void>;
}

/**
 * Asks again after so long, because no event announces a change's effects elsewhere (a payment, say), nor what changes
 * between the answer and the start of the subscription.
 */
const afterwardsMs = [500, 2_000, 8_000];
/** A subscription that lasted so long resets the back-off. */
const steadyMs = 10_000;

/**
 * The answers to several independent queries about a rider: a service that is down does not affect the others. Asks
 * again each time one of the rider's reservations changes, and polls while the subscription is down. Key the component
 * by the client; the documents never change.
 */
export function useLiveAnswers<Answers extends object>(
  client: Client,
  documents: Documents<Answers, { userId: string }>,
  userId: string,
): LiveAnswers<Answers> {
  const [answers, setAnswers] = useState<Partial<Answers>>({});
  const [away, setAway] = useState<readonly (keyof Answers)[]>([]);
  const [lostSince, setLostSince] = useState<number | null>(null);
  const ask = useRef<() => Promise<void>>(async () => undefined);
  const asked = useRef(documents);

  useEffect(() => {
    const leaving = new AbortController();
    const names = Object.keys(asked.current) as (keyof Answers)[];
    let latest = 0;

    /** @returns whether the server answered at all */
    async function load(): Promise<boolean> {
      const turn = (latest += 1);
      const given: Partial<Answers> = {};
      const missing: (keyof Answers)[] = [];
      await Promise.all(
        names.map(async (name) => {
          try {
            given[name] = await client.request(asked.current[name], { userId });
          } catch (error) {
            const isSilent = error instanceof GraphqlRequestError && error.code === 'CONNECTION_LOST';
            if (!isSilent) missing.push(name);
          }
        }),
      );
      const isThere = Object.keys(given).length + missing.length > 0;
      // A later question has been asked meanwhile, and its answer may be on the screen already.
      if (turn === latest && !leaving.signal.aborted) {
        setAnswers((before) => ({ ...before, ...given }));
        if (isThere) setAway(missing);
        setLostSince((before) => (isThere ? null : (before ?? serverClock.now())));
      }
      return isThere;
    }

    let afterwards: ReturnType<typeof setTimeout>[] = [];
    const forgetAfterwards = () => afterwards.forEach((timer) => clearTimeout(timer));
    leaving.signal.addEventListener('abort', forgetAfterwards);
    async function loadNowAndAfterwards(): Promise<boolean> {
      forgetAfterwards();
      const isThere = await load();
      afterwards = isAborted(leaving.signal) ? [] : afterwardsMs.map((ms) => setTimeout(() => void load(), ms));
      return isThere;
    }
    ask.current = async () => {
      await loadNowAndAfterwards();
    };

    async function follow(): Promise<void> {
      for (let retry = 1; !leaving.signal.aborted; retry += 1) {
        // With the later repeats at first and after a gap; while only the subscription fails, one query is enough.
        const isThere = await (retry === 1 ? loadNowAndAfterwards() : load());
        if (isThere && !isAborted(leaving.signal)) {
          const began = performance.now();
          try {
            for await (const _change of client.subscribe(ReservationChangedDocument, { userId })) {
              retry = 0;
              await loadNowAndAfterwards();
            }
          } catch {
            // Whatever the error: the queries run again, and show which service is down.
          }
          if (performance.now() - began > steadyMs) retry = 0;
        }
        if (isAborted(leaving.signal)) return;
        await pause(backoffMs(Math.max(1, retry)), leaving.signal);
      }
    }
    void follow();
    return () => leaving.abort();
  }, [client, userId]);

  return { answers, away, lostSince, refresh: () => ask.current() };
}
