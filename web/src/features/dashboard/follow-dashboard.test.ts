import { describe, expect, it } from '@jest/globals';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import type { DashboardAction, Snapshot, Update } from './dashboard-state.ts';
import { followDashboard } from './follow-dashboard.ts';

/** One connection's life: what the query gives, what the feed gives, and how the feed ends. */
interface Life {
  snapshotCursor?: string;
  queryFails?: string;
  feed?: string[];
  /** How long it is silent before it ends. */
  lastsMs?: number;
  feedEnds?: string;
}

/** Follows through the given lives; the last one stays open until the test is done. */
async function follow(lives: Life[]) {
  const actions: DashboardAction[] = [];
  const resumedAfter: (string | null | undefined)[] = [];
  const retries: number[] = [];
  const leaving = new AbortController();
  let next = 0;
  const ended = followDashboard({
    connect(onConnected) {
      const life = lives[next] ?? {};
      next += 1;
      const fake = {
        async request() {
          if (life.queryFails) throw new GraphqlRequestError(life.queryFails, '');
          return { dashboard: { cursor: life.snapshotCursor ?? 'none' } as Snapshot };
        },
        async *subscribe(_document: unknown, { after }: { after?: string | null }) {
          onConnected();
          resumedAfter.push(after);
          for (const cursor of life.feed ?? []) yield { dashboardUpdated: { cursor } as Update };
          if (life.lastsMs) await new Promise((resolve) => setTimeout(resolve, life.lastsMs));
          if (life.feedEnds) throw new GraphqlRequestError(life.feedEnds, '');
          leaving.abort();
        },
        close: () => undefined,
      };
      return fake as unknown as Client;
    },
    dispatch: (action) => actions.push(action),
    signal: leaving.signal,
    network: new EventTarget(),
    retryDelayMs: (retry) => {
      retries.push(retry);
      return 1;
    },
  });
  await ended;
  const cursors = actions.flatMap((action) =>
    action.type === 'updated' ? action.updates.map(({ cursor }) => cursor) : [],
  );
  return { actions, cursors, resumedAfter, retries, types: actions.map(({ type }) => type) };
}

describe('following the dashboard', () => {
  it('subscribes after the cursor of the picture', async () => {
    const { types, cursors, resumedAfter } = await follow([{ snapshotCursor: 'c5', feed: ['c6', 'c7'] }]);
    expect(types[0]).toBe('snapshotTaken');
    expect(resumedAfter).toEqual(['c5']);
    expect(cursors).toEqual(['c6', 'c7']);
  });

  it('goes on after the last cursor seen when the connection breaks, without a new picture', async () => {
    const { types, cursors, resumedAfter } = await follow([
      { snapshotCursor: 'c5', feed: ['c6'], feedEnds: 'CONNECTION_LOST' },
      { feed: ['c7'] },
    ]);
    expect(resumedAfter).toEqual(['c5', 'c6']);
    expect(cursors).toEqual(['c6', 'c7']);
    expect(types.filter((type) => type === 'snapshotTaken')).toHaveLength(1);
    expect(types).toContain('connectionLost');
  });

  it('takes a new picture at once when the cursor is too old', async () => {
    const { types, resumedAfter } = await follow([
      { snapshotCursor: 'c5', feedEnds: 'CURSOR_EXPIRED' },
      { snapshotCursor: 'c90' },
    ]);
    expect(resumedAfter).toEqual(['c5', 'c90']);
    expect(types).not.toContain('connectionLost');
  });

  it('takes a new picture after any other error', async () => {
    const { resumedAfter, actions } = await follow([
      { snapshotCursor: 'c5', feedEnds: 'INTERNAL_SERVER_ERROR' },
      { snapshotCursor: 'c9' },
    ]);
    expect(resumedAfter).toEqual(['c5', 'c9']);
    expect(actions).toContainEqual(expect.objectContaining({ type: 'connectionLost', code: 'INTERNAL_SERVER_ERROR' }));
  });

  it('waits ever longer for a server that accepts and cuts, until something comes of it', async () => {
    const cut: Life = { lastsMs: 400, feedEnds: 'CONNECTION_LOST' };
    const { retries, types } = await follow([
      { snapshotCursor: 'c5', ...cut },
      cut,
      cut,
      { feed: ['c6'], feedEnds: 'CONNECTION_LOST' },
      {},
    ]);
    expect(retries).toEqual([1, 2, 3, 1]);
    expect(types.filter((type) => type === 'connected')).toHaveLength(4);
  });

  it('stops for a role that may not see it', async () => {
    const { types } = await follow([{ queryFails: 'FORBIDDEN' }]);
    expect(types).toEqual(['notAllowed']);
  });

  it('takes a new picture without a rest only once, from a server that refuses every cursor', async () => {
    const refused: Life = { snapshotCursor: 'c5', feedEnds: 'CURSOR_EXPIRED' };
    const { retries } = await follow([refused, refused, refused, { snapshotCursor: 'c90' }]);
    expect(retries).toEqual([2, 3]);
  });

  it.each(['UNAUTHENTICATED', 'TOKEN_EXPIRED'])(
    'tries with a fresh token also when the connection was lost before (%s)',
    async (code) => {
      const { types } = await follow([
        { snapshotCursor: 'c5', feedEnds: 'CONNECTION_LOST' },
        { feedEnds: code },
        { snapshotCursor: 'c9', feed: ['c10'] },
      ]);
      expect(types).not.toContain('signedOut');
      expect(types.at(-1)).toBe('updated');
    },
  );

  it('tries once more with a fresh token before it signs out', async () => {
    const { types } = await follow([{ queryFails: 'UNAUTHENTICATED' }, { queryFails: 'UNAUTHENTICATED' }]);
    expect(types).toEqual(['connectionLost', 'signedOut']);
  });
});
