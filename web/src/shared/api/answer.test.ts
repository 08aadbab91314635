import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { environmentManager, type QueryClient, QueryObserver } from '@tanstack/react-query';
import fc from 'fast-check';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { BikeConditionsDocument } from '../../../../schema/client/generated/graphql.ts';
import {
  allPages,
  type Answer,
  answerTo,
  askAgainMs,
  createQueryClient,
  nextAnswer,
  type Pace,
  type Question,
  unanswered,
  withoutAway,
} from './answer.ts';

const caller = { id: 'somebody', client: {} as Client };
const pace: Pace = { soonestMs: 2_000, longestMs: 20_000 };

// As in a browser: on a server it would ask nothing again.
environmentManager.setIsServer(() => false);

let queries: QueryClient;
beforeEach(() => {
  queries = createQueryClient();
  queries.mount();
});
afterEach(() => {
  queries.unmount();
  queries.clear();
});

/** A question whose answer comes when it is told to. */
function slowQuestion(name: string) {
  const asked: { signal: AbortSignal; answer: (data: string) => void; fail: (error: Error) => void }[] = [];
  const question: Question<string> = {
    key: [name],
    ask: (_client, signal) =>
      new Promise((answer, fail) => {
        asked.push({ signal, answer, fail });
      }),
  };
  return { question, asked };
}

function observe(question: Question<string>) {
  const observer = new QueryObserver(queries, answerTo(question, caller));
  const shown: (string | null)[] = [];
  const leave = observer.subscribe(({ data }) => {
    if (data) shown.push(data.data);
  });
  return {
    shown,
    leave,
    current: () => observer.getCurrentResult().data,
    ask: (next: Question<string>) => observer.setOptions(answerTo(next, caller)),
    refetch: () => observer.refetch(),
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('an answer', () => {
  it('to an earlier question is not shown, and its request is cancelled', async () => {
    const [first, second] = [slowQuestion('first'), slowQuestion('second')];
    const page = observe(first.question);
    page.ask(second.question);
    expect(first.asked[0]?.signal.aborted).toBe(true);
    second.asked[0]?.answer('new');
    await settled();
    first.asked[0]?.answer('old');
    await settled();
    expect(page.shown).toEqual(['new']);
  });

  it('of an earlier attempt does not overwrite that of a later one', async () => {
    const { question, asked } = slowQuestion('again');
    const page = observe(question);
    asked[0]?.answer('first');
    await settled();
    void page.refetch();
    void page.refetch();
    asked[2]?.answer('third');
    await settled();
    asked[1]?.answer('second');
    await settled();
    expect([asked[1]?.signal.aborted, page.current()?.data]).toEqual([true, 'third']);
  });

  it('is not waited for when the page is left', () => {
    const { question, asked } = slowQuestion('left');
    observe(question).leave();
    expect(asked[0]?.signal.aborted).toBe(true);
  });

  it('stays, marked, when the next attempts fail', async () => {
    const { question, asked } = slowQuestion('failing');
    const page = observe(question);
    asked[0]?.answer('known');
    await settled();
    for (const attempt of [1, 2]) {
      void page.refetch();
      asked[attempt]?.fail(new Error('away'));
      await settled();
    }
    expect(page.current()).toMatchObject({ data: 'known', failure: { times: 2 } });
    void page.refetch();
    // While it is asked again, what is wrong stays on the screen.
    expect(page.current()?.failure?.times).toBe(2);
    asked[3]?.answer('known');
    await settled();
    expect(page.current()).toMatchObject({ data: 'known', failure: null });
  });

  it('that never came has its failure all the same', async () => {
    const { question, asked } = slowQuestion('away');
    const page = observe(question);
    asked[0]?.fail(new Error('away'));
    await settled();
    void page.refetch();
    expect(page.current()).toMatchObject({ data: null, at: null, failure: { times: 1 } });
  });

  it('that says the same is the same, since the first time', async () => {
    const asked = (at: number) => ({ at, askedAt: at - 1_000 });
    const first = await nextAnswer<{ bikes: number[] }>(undefined, asked(1_000), async () => ({ bikes: [1, 2] }));
    const same = await nextAnswer(first, asked(5_000), async () => ({ bikes: [1, 2] }));
    const other = await nextAnswer(same, asked(9_000), async () => ({ bikes: [1, 2, 3] }));
    expect(same.data).toBe(first.data);
    expect([same.at, same.askedAt, same.sameSince]).toEqual([5_000, 4_000, 1_000]);
    expect([other.at, other.askedAt, other.sameSince]).toEqual([9_000, 8_000, 9_000]);
  });

  it('is not that of another who asks the same', () => {
    const { question } = slowQuestion('mine');
    const keyOf = (id: string) => answerTo(question, { ...caller, id }).queryKey;
    expect(keyOf('one')).not.toEqual(keyOf('other'));
  });
});

describe('the next time to ask', () => {
  const time = fc.double({ noNaN: true, noDefaultInfinity: true });
  const answered = (at: number, sameSince: number): Answer<string> => ({ ...unanswered, data: '', at, sameSince });

  it('comes soon after a change, and later the longer nothing changes', () => {
    const waits: (number | false)[] = [];
    for (let at = 0; waits.length < 9; at += Number(waits.at(-1))) waits.push(askAgainMs(answered(at, 0), pace));
    expect(waits.slice(0, 3)).toEqual([2_000, 2_000, 2_000]);
    expect(waits).toEqual(waits.toSorted((a, b) => Number(a) - Number(b)));
    expect(waits.at(-1)).toBe(20_000);
  });

  it('never comes for what events announce', () => {
    expect(askAgainMs(answered(5, 0), null)).toBe(false);
  });

  it('comes within bounds whatever the clock did, and is the same at every render', () => {
    fc.assert(
      fc.property(time, time, fc.nat(60), (at, since, times) => {
        for (const answer of [
          answered(at, since),
          { ...answered(at, since), failure: { error: null, since: Math.abs(since), times: times + 1 } },
        ]) {
          const wait = Number(askAgainMs(answer, pace));
          expect(wait).toBeGreaterThanOrEqual(250);
          expect(wait).toBeLessThanOrEqual(20_000);
          expect(askAgainMs(answer, pace)).toBe(wait);
        }
      }),
    );
  });

  it('is there after a failure too, though events announce the rest', () => {
    expect(askAgainMs({ ...unanswered, failure: { error: null, since: 0, times: 1 } }, null)).toBeGreaterThan(0);
  });

  it('is reached by a page that goes on rendering', async () => {
    jest.useFakeTimers();
    try {
      let asked = 0;
      const question: Question<string> = { key: ['rendering'], ask: async () => String((asked += 1)) };
      const observer = new QueryObserver(queries, answerTo(question, caller, pace));
      const leave = observer.subscribe(() => undefined);
      for (let ms = 0; ms < 7_000; ms += 100) {
        await jest.advanceTimersByTimeAsync(100);
        observer.setOptions(answerTo(question, caller, pace));
      }
      leave();
      expect(asked).toBe(4);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a list of several pages', () => {
  const all = (limit: number) =>
    allPages(
      BikeConditionsDocument,
      (after) => ({ first: 2, after }),
      ({ bikes }) => bikes,
      limit,
    );
  /** Seven bikes, two a page. */
  function clientOf(afters: unknown[]): Client {
    const request = async (_document: unknown, { after }: { after: string | null }) => {
      afters.push(after);
      const first = Number(after ?? 0) + 1;
      const nodes = [first, first + 1].filter((bikeId) => bikeId <= 7).map((bikeId) => ({ bikeId }));
      return { bikes: { nodes, pageInfo: { hasNextPage: first + 1 < 7, endCursor: String(first + 1) } } };
    };
    return { request } as unknown as Client;
  }

  it.each([
    [100, [1, 2, 3, 4, 5, 6, 7], 4],
    [5, [1, 2, 3, 4, 5], 3],
    [2, [1, 2], 1],
  ])('is asked for to its end, or up to %d', async (limit, bikeIds, requests) => {
    const afters: unknown[] = [];
    const nodes = await all(limit).ask(clientOf(afters), new AbortController().signal);
    expect(nodes.map(({ bikeId }) => bikeId)).toEqual(bikeIds);
    expect(afters.length).toBe(requests);
  });
});

describe('what another service adds', () => {
  it.each([
    ['SERVICE_UNAVAILABLE', [true, false]],
    ['GRAPHQL_VALIDATION_FAILED', [true, false]],
    ['TOO_MANY_REQUESTS', [true]],
    ['CONNECTION_LOST', [true]],
    ['UNAUTHENTICATED', [true]],
  ])('is left out after %s: asked for with it %j', async (code, expected) => {
    const asked: boolean[] = [];
    const ask = async (withAdded: boolean) => {
      asked.push(withAdded);
      if (withAdded) throw new GraphqlRequestError(code, 'No.');
      return Promise.resolve('without');
    };
    const end = await withoutAway(ask).catch((error: unknown) => (error as GraphqlRequestError).code);
    expect([asked, end]).toEqual([expected, expected.length === 2 ? 'without' : code]);
  });
});
