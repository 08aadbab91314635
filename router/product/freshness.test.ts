import { describe, expect, it } from '@jest/globals';
import type { Fetch } from '../gateway/hooks.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import { keepFresh, noteSeen, type Seen } from './freshness.ts';

const newContext = (): RequestContext => ({
  viewer: null,
  authorization: undefined,
  correlationId: 'test',
  traceparent: undefined,
});
const newFetch = (): Fetch => ({ subgraph: 'bike', type: 'query', body: '{', extensions: {}, traceparent: undefined });

describe('what an operation has seen', () => {
  it('is the newest event of each stream, whatever order the answers come in, and goes with the next request', () => {
    const hooks = keepFresh();
    const context = newContext();
    const [first, second] = [newFetch(), newFetch()];
    const answered = hooks.onFetch?.(first, context);
    expect(first.extensions).toEqual({});
    answered?.({ extensions: { seen: ['reservation.bike-1@7', 'point.account-a@b@c@2'] } });
    hooks.onEvent?.({ extensions: { seen: ['reservation.bike-1@10', 'point.account-a@b@c@1'] } }, context);
    answered?.({});
    hooks.onFetch?.(second, context);
    expect(second.extensions).toEqual({ seen: ['reservation.bike-1@10', 'point.account-a@b@c@2'] });
  });

  it("is no other operation's", () => {
    const hooks = keepFresh();
    hooks.onEvent?.({ extensions: { seen: ['reservation.bike-1@7'] } }, newContext());
    const fetch = newFetch();
    hooks.onFetch?.(fetch, newContext());
    expect(fetch.extensions).toEqual({});
  });

  it('is nothing where no answer told of an event', () => {
    const seen: Seen = new Map();
    for (const extensions of [undefined, null, {}, { seen: 7 }, { seen: [] }, { seen: ['nothing', 7, null] }]) {
      noteSeen(seen, extensions);
    }
    expect(seen.size).toBe(0);
  });

  it('has a limit, and goes on with what it knows', () => {
    const seen: Seen = new Map();
    noteSeen(seen, { seen: Array.from({ length: 5_000 }, (_, number) => `bike.bike-${number}@1`) });
    noteSeen(seen, { seen: ['bike.bike-0@2'] });
    expect(seen.size).toBe(1_000);
    expect(seen.get('bike.bike-0')).toBe('bike.bike-0@2');
  });
});
