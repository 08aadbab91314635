import { describe, expect, it } from '@jest/globals';
import { requireRole, requireSelfOrStaff, requireViewer, type Viewer } from './auth.ts';
import type { RequestContext } from './graphql-server.ts';
import { withinScopes } from './scopes.ts';

type Resolve = (...given: unknown[]) => unknown;

const reveal = (_root: unknown, _given: unknown, { viewer }: RequestContext) => requireViewer(viewer);
const resolvers = {
  Query: {
    own: reveal,
    ownLater: async (...given: Parameters<typeof reveal>) => reveal(...given),
    me: (_root: unknown, _given: unknown, { viewer }: RequestContext) => viewer,
    staff: (_root: unknown, _given: unknown, { viewer }: RequestContext) => requireRole(viewer, 'operator'),
    others: (_root: unknown, _given: unknown, { viewer }: RequestContext) => requireSelfOrStaff(viewer, '11'),
    broken: () => {
      throw new Error('broken');
    },
    five: 5,
  },
  Subscription: { changes: { subscribe: reveal, resolve: reveal } },
  Ride: { __resolveReference: (_ride: unknown, { viewer }: RequestContext) => requireViewer(viewer) },
};
const fields = {
  rides: ['Query.own', 'Query.staff', 'Query.others', 'Subscription.changes', 'Ride.__resolveReference'],
  balance: ['Query.own', 'Query.ownLater', 'Query.me'],
};

const viewer = (more: Partial<Viewer>): Viewer => ({ userId: '10', roles: [], expiresAtMs: 1, ...more });
const own = viewer({ roles: ['rider'] });
const planner = (...scopes: string[]) => viewer({ scopes });

/** Who a resolver finds asking, or the code and the message of its refusal. */
async function found(name: string, asking: Viewer | null, of: Readonly<Record<string, readonly string[]>> = fields) {
  const [type = '', ...path] = name.split('.');
  let part: unknown = withinScopes(resolvers, of)[type];
  for (const key of path) part = (part as Record<string, unknown>)[key];
  const context = { viewer: asking } as RequestContext;
  const given = name.endsWith('__resolveReference') ? [{}, context] : [{}, {}, context];
  try {
    return await (part as Resolve)(...given);
  } catch (error) {
    const { message, extensions } = error as Error & { extensions?: { code: string } };
    return [extensions?.code, message];
  }
}
const refusal = (why: string) => ['FORBIDDEN', `${why} The token is another client’s, and may do what its scopes say.`];

describe('a token of another client', () => {
  it('counts as its rider’s in the fields of its scopes', async () => {
    expect(await found('Query.own', planner('rides'))).toEqual(own);
    expect(await found('Query.own', planner('unheard of', 'balance'))).toEqual(own);
    expect(await found('Query.ownLater', planner('balance'))).toEqual(own);
    expect(await found('Query.me', planner('balance'))).toEqual(own);
    expect(await found('Subscription.changes.subscribe', planner('rides'))).toEqual(own);
    expect(await found('Subscription.changes.resolve', planner('rides'))).toEqual(own);
    expect(await found('Ride.__resolveReference', planner('rides'))).toEqual(own);
  });

  it('counts for nothing in all others, and is told what it would need', async () => {
    expect(await found('Query.own', planner())).toEqual(refusal('This needs the scope rides or balance.'));
    expect(await found('Query.ownLater', planner('rides'))).toEqual(refusal('This needs the scope balance.'));
    expect(await found('Query.me', planner('rides'))).toBeNull();
    expect(await found('Ride.__resolveReference', planner('balance'))).toEqual(refusal('This needs the scope rides.'));
    for (const name of ['Query.own', 'Query.staff', 'Query.others', 'Subscription.changes.subscribe']) {
      expect(await found(name, planner('rides', 'balance'), {})).toEqual(refusal('No scope allows this.'));
    }
  });

  it('is nobody’s but the rider’s, and never staff’s', async () => {
    expect(await found('Query.staff', planner('rides'))).toEqual(['FORBIDDEN', 'This needs the role operator.']);
    expect(await found('Query.others', planner('rides'))).toEqual(['FORBIDDEN', 'This belongs to another rider.']);
  });

  it('changes nothing for own tokens, for nobody’s, and for what breaks', async () => {
    expect(await found('Query.own', own)).toBe(own);
    expect(await found('Query.own', null)).toEqual(['UNAUTHENTICATED', expect.any(String)]);
    expect(await found('Query.broken', planner('rides'))).toEqual([undefined, 'broken']);
    expect(withinScopes(resolvers, fields)['Query']).toHaveProperty('five', 5);
  });

  it('shares what a request has', async () => {
    const context = { viewer: planner('rides'), seen: new Set(['a']) } as unknown as RequestContext;
    const contexts: RequestContext[] = [];
    const keep = (_root: unknown, _given: unknown, each: RequestContext) => void contexts.push(each);
    const { Query } = withinScopes(
      { Query: { one: keep, two: keep, three: keep } },
      { rides: ['Query.one', 'Query.two'] },
    );
    for (const resolve of Object.values(Query as Record<string, Resolve>)) resolve({}, {}, context);
    const [one, two, three] = contexts;
    expect(one).toBe(two);
    expect([one?.viewer, three?.viewer]).toEqual([own, null]);
    Object.assign(context, { unwanted: 'later' });
    expect([one?.unwanted, three?.seen]).toEqual(['later', context.seen]);
  });
});
