import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import {
  createTokenVerifier,
  processSettings,
  readConfig,
  requireRole,
  requireSelfOrStaff,
} from '../../platform/server/index.ts';
import { ttareungi } from '../product/product.ts';
import { startRouter, type Router } from '../router.ts';
import { createFeed, numbered, type Feed, type Numbered } from './feed.ts';
import { startTestSubgraph, type TestContext, type TestSubgraph } from './subgraph-server.ts';

export interface Change {
  reserveNo: number;
  userId: string;
  bikeId: number;
  reserveStatus: string;
}

export interface TestSupergraph {
  env: NodeJS.ProcessEnv;
  router: Router;
  url: string;
  /** Fed to `reservationChanged`. */
  changes: Feed<Change>;
  /** Event types, fed to `dashboardUpdated`; the cursor of the nth is `c<n>`, counted from 1. */
  updates: Feed<string>;
  subgraphs: Record<'bike' | 'point' | 'reservation' | 'dashboard' | 'approval' | 'station', TestSubgraph>;
  /** A token from the router's own `/dev/token`, with the scheme before it. */
  signIn(userId: string, ...roles: string[]): Promise<string>;
  startRouter(env?: NodeJS.ProcessEnv): Promise<Router>;
  close(): Promise<void>;
}

const aReservation = { reserveDateTime: '2026-11-23T09:00:00.000Z', fee: 1000, refusal: null };

/** The whole graph in this process: the project's schemas, rules that a test can follow, one router before them. */
export async function startTestSupergraph(settings: NodeJS.ProcessEnv = {}): Promise<TestSupergraph> {
  const env: NodeJS.ProcessEnv = {
    LANDSCAPE: 'development',
    LOG_LEVEL: 'silent',
    ...(await createDevelopmentKeys()),
  };
  const verifyToken = await createTokenVerifier(readConfig(processSettings, env));
  const changes = createFeed<Change>();
  const updates = createFeed<string>();
  const subgraphs = {
    bike: await startTestSubgraph('bike', bikeResolvers(), verifyToken),
    point: await startTestSubgraph('point', pointResolvers(), verifyToken),
    reservation: await startTestSubgraph('reservation', reservationResolvers(changes), verifyToken),
    dashboard: await startTestSubgraph('dashboard', dashboardResolvers(updates), verifyToken),
    approval: await startTestSubgraph(
      'approval',
      { User: { __resolveReference: (user: object) => user } },
      verifyToken,
    ),
    station: await startTestSubgraph('station', {}, verifyToken),
  };
  const folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  env['SUPERGRAPH'] = join(folder, 'supergraph.graphql');
  await writeFile(env['SUPERGRAPH'], await oneWithoutCursors());
  for (const [name, { url }] of Object.entries(subgraphs)) env[`${name.toUpperCase()}_URL`] = url;
  Object.assign(env, settings);

  const routers: Router[] = [];
  const start = async (more: NodeJS.ProcessEnv = {}) => {
    const started = await startRouter({ ROUTER_PORT: '0', ...env, ...more }, { product: ttareungi });
    routers.push(started);
    return started;
  };
  const router = await start();
  const url = `http://127.0.0.1:${router.port}/graphql`;
  return {
    env,
    router,
    url,
    changes,
    updates,
    subgraphs,
    startRouter: start,
    async signIn(userId, ...roles) {
      const response = await fetch(new URL('/dev/token', url), {
        method: 'POST',
        body: JSON.stringify({ userId, roles }),
      });
      const { token } = (await response.json()) as { token: string };
      return `Bearer ${token}`;
    },
    async close() {
      await Promise.all(routers.map((started) => started.close()));
      await Promise.all(Object.values(subgraphs).map((subgraph) => subgraph.stop()));
      await rm(folder, { recursive: true });
    },
  };
}

/** The project's supergraph, but `reservationChanged` has no cursors: a router must also serve such subscriptions. */
async function oneWithoutCursors(): Promise<string> {
  const text = await readFile(new URL('../../schema/supergraph.graphql', import.meta.url), 'utf8');
  const [before, after] = ['): Reservation! @join__field(graph: RESERVATION)', ' @resumable'];
  if (!text.includes(`${before}${after}`)) throw new Error('reservationChanged is declared otherwise.');
  return text.replace(`${before}${after}`, before);
}

function bikeResolvers() {
  const bike = (bikeId: number) => ({
    bikeId,
    color: `color ${bikeId}`,
    registeredDate: '2026-11-23T00:00:00.000Z',
    condition: 'IN_SERVICE',
  });
  return {
    Query: {
      bike(_root: unknown, { bikeId }: { bikeId: number }) {
        if (bikeId === 409) throw new GraphQLError('Somebody else was first.', { extensions: { code: 'CONFLICT' } });
        return bikeId === 404 ? null : bike(bikeId);
      },
    },
    Mutation: {
      registerBike(_root: unknown, { input }: { input: { color: string } }, { viewer }: TestContext) {
        requireRole(viewer, 'operator', 'admin');
        return { bike: { ...bike(1), color: input.color }, refusal: null };
      },
    },
    Bike: { __resolveReference: ({ bikeId }: { bikeId: number }) => bike(bikeId) },
  };
}

/** Whose points take long to count. */
export const slowUserId = '99';
/** Long enough for twenty requests to arrive, and others to be answered, on a busy machine. */
const SLOW_MS = 2_000;

function pointResolvers() {
  return {
    Query: {
      me: (_root: unknown, _arguments: unknown, { viewer }: TestContext) => viewer && { userId: viewer.userId },
      user(_root: unknown, { userId }: { userId: string }, { viewer }: TestContext) {
        requireSelfOrStaff(viewer, userId);
        return { userId };
      },
    },
    User: {
      __resolveReference: ({ userId }: { userId: string }) => ({ userId }),
      async totalPoint(user: { userId: string }, _arguments: unknown, { viewer }: TestContext) {
        requireSelfOrStaff(viewer, user.userId);
        if (user.userId === slowUserId) await delay(SLOW_MS);
        return Number(user.userId) * 100;
      },
    },
  };
}

function reservationResolvers(changes: Feed<Change>) {
  const reservation = (change: Change) => ({
    ...aReservation,
    ...change,
    user: { userId: change.userId },
    bike: { bikeId: change.bikeId },
  });
  return {
    Subscription: {
      reservationChanged: {
        subscribe(_root: unknown, which: { userId?: string }, { viewer }: TestContext) {
          if (which.userId) requireSelfOrStaff(viewer, which.userId);
          else requireRole(viewer, 'operator', 'auditor', 'admin');
          return changes.follow(changes.items.length);
        },
        resolve: reservation,
      },
    },
    Reservation: {
      __resolveReference: ({ reserveNo }: { reserveNo: number }) =>
        reservation({ reserveNo, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' }),
    },
    Bike: {
      __resolveReference: ({ bikeId }: { bikeId: number }) => ({ bikeId }),
      isAvailable: ({ bikeId }: { bikeId: number }) => bikeId % 2 === 1,
    },
    User: { __resolveReference: ({ userId }: { userId: string }) => ({ userId }) },
  };
}

const totals = new Proxy({}, { get: (_target, name) => (name === 'then' ? undefined : 1) });

function dashboardResolvers(updates: Feed<string>) {
  return {
    Subscription: {
      dashboardUpdated: {
        subscribe(_root: unknown, { after }: { after?: string | null }, { viewer }: TestContext) {
          requireRole(viewer, 'operator', 'auditor', 'admin');
          if (after === 'too-old') {
            throw new GraphQLError('The cursor is too old.', { extensions: { code: 'CURSOR_EXPIRED' } });
          }
          return numbered(updates, after);
        },
        resolve: ({ item: eventType, at }: Numbered<string>) => ({
          cursor: `c${at}`,
          at: '2026-11-23T09:00:00.000Z',
          eventType,
          reservation: { ...aReservation, reserveNo: at, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' },
          totals,
        }),
      },
    },
    DashboardReservation: {
      bike: ({ bikeId }: { bikeId: number }) => ({ bikeId }),
      reservation: ({ reserveNo }: { reserveNo: number }) => ({ reserveNo }),
    },
  };
}
