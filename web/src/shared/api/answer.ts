/** What pages ask the graph, and what they know of the answer. TanStack Query keeps it, asks again and cancels. */
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type DocumentNode, Kind } from 'graphql';
import { QueryClient, queryOptions, replaceEqualDeep, skipToken } from '@tanstack/react-query';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { serverClock } from '../i18n/server-clock.ts';
import { backoffMs } from '../../../../schema/client/backoff.ts';

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // What a browser believes of the network can be wrong: a request that fails says more.
      queries: { networkMode: 'always', retry: false },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

export interface Question<Data> {
  /** Under which its answer is kept. */
  key: readonly unknown[];
  ask(client: Client, signal: AbortSignal): Promise<Data>;
}

export function query<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Question<Data> {
  return {
    key: [nameOf(document), variables],
    ask: (client, signal) => client.request(document, variables, { signal }),
  };
}

interface Page<Node> {
  nodes: readonly Node[];
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

/** A connection's nodes, page after page, up to `limit`. */
export function allPages<Data, Variables, Node>(
  document: TypedDocumentNode<Data, Variables>,
  variablesAfter: (after: string | null) => Variables,
  pageOf: (data: Data) => Page<Node>,
  limit: number,
): Question<readonly Node[]> {
  return {
    key: [nameOf(document), 'all', variablesAfter(null), limit],
    async ask(client, signal) {
      const nodes: Node[] = [];
      for (let after: string | null = null; ;) {
        const page: Page<Node> = pageOf(await client.request(document, variablesAfter(after), { signal }));
        nodes.push(...page.nodes);
        after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
        if (after === null || nodes.length >= limit) return nodes.slice(0, limit);
      }
    },
  };
}

/** Its service is away, or is of a release that does not have it yet. */
const awayCodes: ReadonlySet<string> = new Set(['SERVICE_UNAVAILABLE', 'GRAPHQL_VALIDATION_FAILED']);

/**
 * With what another service adds; without it while it is not to be had. Any other failure would be the same without:
 * asking again at once, after TOO_MANY_REQUESTS above all, makes it worse.
 */
export function withoutAway<Data>(ask: (withAdded: boolean) => Promise<Data>): Promise<Data> {
  return ask(true).catch((error: unknown) => {
    if (error instanceof GraphqlRequestError && awayCodes.has(error.code)) return ask(false);
    throw error;
  });
}

/** A question, and the same without what another service adds while that is away. */
export function asFarAsHad<Data>(asking: (withAdded: boolean) => Question<Data>): Question<Data> {
  return { key: asking(true).key, ask: (...to) => withoutAway((withAdded) => asking(withAdded).ask(...to)) };
}

function nameOf({ definitions }: DocumentNode): string {
  const operation = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  return operation?.name?.value ?? '';
}

/**
 * A failure is part of the answer, not instead of it: the page goes on to show what it knows and says what is wrong,
 * also while it asks again. Times are the server's.
 */
export interface Answer<Data> {
  /** The last that came. */
  data: Data | null;
  /** When it was asked for: as of then it is true. */
  at: number | null;
  /** The same by `performance.now()`, which nobody sets: what this page had heard before, the answer knows, too. */
  askedAt: number | null;
  /** Since when it has been the same. */
  sameSince: number | null;
  /** Of the last attempt, if there was one. */
  failure: { error: unknown; since: number; times: number } | null;
}

export const unanswered: Answer<never> = { data: null, at: null, askedAt: null, sameSince: null, failure: null };

/** What is known after asking once more, now. */
export async function nextAnswer<Data>(
  before: Answer<Data> | undefined,
  { at, askedAt }: { at: number; askedAt: number },
  ask: () => Promise<Data>,
): Promise<Answer<Data>> {
  try {
    const data = replaceEqualDeep(before?.data, await ask());
    const isSame = before !== undefined && before.at !== null && before.data === data;
    return { data, at, askedAt, sameSince: isSame ? before.sameSince : at, failure: null };
  } catch (error) {
    const { since, times } = before?.failure ?? { since: at, times: 0 };
    return { ...(before ?? unanswered), failure: { error, since, times: times + 1 } };
  }
}

/** How often to ask for what no event announces. */
export interface Pace {
  soonestMs: number;
  longestMs: number;
}

/**
 * After how many milliseconds to ask again: soon after a change, more rarely the longer it stays the same, and after a
 * failure with back-off. From the answer alone, chance included: another value at each render would start the wait anew.
 */
export function askAgainMs({ at, sameSince, failure }: Answer<unknown>, pace: Pace | null): number | false {
  if (failure) return backoffMs(failure.times, () => (failure.since % 1_000) / 1_000);
  if (!pace || at === null || sameSince === null) return false;
  return Math.min(pace.longestMs, Math.max(pace.soonestMs, (at - sameSince) / 2));
}

/** As whom it is asked; the answers of one are kept apart from those of another. */
export interface Caller {
  id: string;
  client: Client;
}

/** For `useQuery` and its like. */
export function answerTo<Data>(question: Question<Data> | null, caller: Caller | null, pace: Pace | null = null) {
  return queryOptions<Answer<Data>>({
    queryKey: [caller?.id, ...(question?.key ?? [])],
    queryFn:
      question && caller
        ? ({ client, queryKey, signal }) =>
            nextAnswer(
              client.getQueryData<Answer<Data>>(queryKey),
              { at: serverClock.now(), askedAt: performance.now() },
              () => question.ask(caller.client, signal),
            )
        : skipToken,
    refetchInterval: ({ state }) => (state.data ? askAgainMs(state.data, pace) : false),
  });
}
