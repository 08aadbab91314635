import { assemble, type Subgraph } from './assembly.ts';
import { metricsRoute } from '../server/prometheus.ts';
import { startGraphqlServer, type GraphqlServer } from '../server/graphql-server.ts';
import type { ScopeFields } from '../server/scopes.ts';
import { createRuntime, databaseStatus, type ConnectedRuntime, type Runtime } from './runtime.ts';

export interface RunningService {
  name: string;
  port: number;
  runtime: Runtime;
  close(): Promise<void>;
}

export interface ServiceDefinition {
  name: string;
  sdl: string;
  port: number;
  /** Names of clients' operations that metrics and traces distinguish; all others are `other`. */
  operations?: ReadonlySet<string>;
  /** What tokens of other clients may; nothing where it is left out. */
  scopes?: ScopeFields;
  create(runtime: Runtime): Subgraph;
}

/** Starts a subgraph. @throws {ConfigError} with one line per mistake. */
export async function startService(
  definition: ServiceDefinition,
  env: NodeJS.ProcessEnv,
  clock?: () => Date,
): Promise<RunningService> {
  const runtime = await createRuntime(definition.name, env, clock);
  try {
    return await run(definition, runtime);
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

async function run(definition: ServiceDefinition, runtime: ConnectedRuntime): Promise<RunningService> {
  const { settings, logger, database, metrics } = runtime;
  const subgraph = definition.create(runtime);
  const assembly = await assemble(runtime, subgraph);
  const http = await startGraphqlServer({
    sdl: definition.sdl,
    // Every subgraph has `serverTime`, so that it costs no extra request and depends on no other subgraph.
    resolvers: {
      ...subgraph.resolvers,
      Query: { ...subgraph.resolvers['Query'], serverTime: () => runtime.clock() },
    },
    scopes: definition.scopes,
    port: definition.port,
    host: settings.HOST,
    logger,
    verifyToken: runtime.verifyToken,
    freshness: assembly.freshness,
    limits: settings,
    register: metrics.register,
    drainMs: settings.STOP_TIMEOUT_MS / 2,
    requests: metrics.requests,
    operations: definition.operations,
    tracing: runtime.tracing,
    routes: { ...subgraph.routes, '/metrics': metricsRoute(metrics.register) },
    // Ready means: can decide. Whether events can leave is the broker's state, which is only told: commands are accepted
    // without the broker.
    readiness: async () => {
      const status = await databaseStatus(database, settings.DATABASE_TIMEOUT_MS);
      return { ready: status === 'ok', checks: { database: status, broker: runtime.bus.status() } };
    },
  });
  addGauges(runtime, subgraph, http);
  await assembly.start();
  logger.info({ port: http.port }, 'ready');

  let closed: Promise<void> | undefined;
  const close = async () => {
    await assembly.stopSweeping();
    await http.close();
    await assembly.close();
    await runtime.close();
  };
  // Once, however often it is called: a second run would have no connection to write with.
  return { name: definition.name, port: http.port, runtime, close: () => (closed ??= close()) };
}

/** What only a connected process can tell. */
function addGauges(
  { metrics, bus, service, clock }: ConnectedRuntime,
  { follows }: Subgraph,
  http: GraphqlServer,
): void {
  metrics.gauge('subscriptions_open', 'Client subscriptions open now.', () => http.subscriptions());
  metrics.gauge(
    'ttareungi_broker_connected',
    '1 while connected to the broker, whose stream takes its events, otherwise 0.',
    () => {
      return bus.status() === 'ok' ? 1 : 0;
    },
  );
  if (!follows) return;
  metrics.gauge('ttareungi_consumer_lag_seconds', 'For how long the oldest of them has been there.', async () => {
    const since = await bus.oldestPending(service, follows.publishers);
    return since ? Math.max(0, (clock().getTime() - since.getTime()) / 1000) : 0;
  });
}
