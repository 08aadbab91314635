import { subgraphNames, type SubgraphName } from '../../schema/subgraphs.ts';
import { assemble, type Assembly, type Subgraph } from '../../platform/service/assembly.ts';
import type { Viewer } from '../../platform/server/auth.ts';
import { readConfig } from '../../platform/server/config.ts';
import { UnavailableError } from '../../platform/foundation/errors.ts';
import type { RequestContext, Resolvers } from '../../platform/server/graphql-server.ts';
import type { JournalDocument } from '../../platform/event-core/journal.ts';
import type { Logger } from '../../platform/server/logger.ts';
import type { Metrics } from '../../platform/service/metrics.ts';
import type { Runtime } from '../../platform/service/runtime.ts';
import { serviceSettings } from '../../platform/service/settings.ts';
import { noTracing } from '../../platform/server/tracing.ts';
import type { PaymentProvider } from '../../subgraphs/approval/payments.ts';
import { createApproval } from '../../subgraphs/approval/subgraph.ts';
import { definitionOf } from '../../subgraphs/registry.ts';
import { noTotals, type BikeView, type StationView, type Totals } from '../../subgraphs/dashboard/projections.ts';
import { consumers, publishers, type Evidence } from '../support/violations.ts';
import { createBroker, type Broker, type BrokerConnection } from './broker.ts';
import { createConnection } from './connection.ts';
import { createDatabase, type Database, type Row } from './database.ts';
import { createLink, type Link, type Trouble } from './network.ts';
import { createPayments, type SimulatedPayments } from './payments.ts';
import { timeOf, type Process, type Scheduler } from './scheduler.ts';

/** The real services, assembled as in production, on simulated servers, network and clocks. */
export interface World {
  scheduler: Scheduler;
  broker: Broker;
  payments: SimulatedPayments;
  instances: Instance[];
  /** Starts every instance. */
  start(): void;
  /**
   * Asks an instance of a service that is ready, as the router would.
   * @throws {UnavailableError} when none is, or none answers in time.
   */
  ask<Answer>(service: SubgraphName, question: Question<Answer>, viewer: Viewer): Promise<Answer>;
  /** Asks a service's endpoint on the bus. */
  operate(service: SubgraphName, endpoint: string, order: object): Promise<unknown>;
  /** Removes all faults: troubles, pauses, clock offsets. */
  heal(): void;
  evidence(): Evidence;
  rows(service: SubgraphName, table: string): Row[];
  /** The wall clock. */
  date(): Date;
}

/** The server at the other end of a link. */
export type Server = 'database' | 'broker' | 'provider';

type Question<Answer> = (resolvers: Resolvers, context: RequestContext, process: Process) => Promise<Answer>;

/** One place where a service runs: one process after the other. */
export interface Instance {
  readonly service: SubgraphName;
  readonly name: string;
  readonly process: Process;
  readonly isReady: boolean;
  trouble(server: Server, trouble: Trouble): void;
  /** SIGKILL; restarts by itself. */
  kill(): void;
  /** Shuts down gracefully and restarts. */
  restart(): void;
}

const servers: readonly Server[] = ['database', 'broker', 'provider'];
const definitions = mapKeys(subgraphNames, (name) => definitionOf(name, {}));

/** Noon in Seoul. */
const beginning = Date.parse('2026-03-02T03:00:00.000Z');
export const prefix = 'evt';
const serverTimeoutMs = 1_000;
const restartMs = 300;
const operatorToken = 'the operator';
const operatorViewer: Viewer = { userId: 'operator', roles: ['admin'], expiresAtMs: Infinity };
const requestTimeoutMs = 5_000;

export interface WorldOptions {
  scheduler: Scheduler;
  /** Services with two instances. */
  twins: readonly SubgraphName[];
  env: NodeJS.ProcessEnv;
}

export function createWorld({ scheduler, twins, env }: WorldOptions): World {
  const settings = readConfig(serviceSettings, env);
  const date = () => new Date(beginning + scheduler.now);
  const databases = new Map<SubgraphName, Database>(subgraphNames.map((name) => [name, createDatabase(date)]));
  const broker = createBroker({
    scheduler,
    date,
    prefix,
    duplicateWindowMs: settings.DUPLICATE_WINDOW_MS,
    requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
  });
  const payments = createPayments();
  const databaseOf = (service: SubgraphName) => databases.get(service) ?? createDatabase(date);
  const shared = { scheduler, broker, payments, settings, env, date };
  const instances = subgraphNames.flatMap((service) =>
    [1, 2]
      .slice(0, twins.includes(service) ? 2 : 1)
      .map((number) => createInstance({ ...shared, database: databaseOf(service), service, number })),
  );
  const outside = createProcess('outside');
  const operator = broker.connect(outside, linkOf({ scheduler, process: outside, died: () => undefined }, 'broker'));
  let requests = 0;

  function contextOf(viewer: Viewer): RequestContext {
    requests += 1;
    return {
      viewer,
      correlationId: `request ${requests}`,
      traceparent: `00-${String(requests).padStart(32, '0')}-0000000000000001-01`,
      saw: () => undefined,
      seen: new Set(),
      load: async (_name, key, batch) => (await batch([key])).get(key) ?? null,
    };
  }

  const rows = (service: SubgraphName, table: string) => databaseOf(service).table(table).find({});

  return {
    scheduler,
    broker,
    payments,
    instances,
    date,
    start() {
      for (const instance of instances) instance.start();
    },
    async ask(service, question, viewer) {
      await scheduler.wait(0.2 + scheduler.dice.below(200) / 100);
      const [first, ...others] = instances.filter((instance) => instance.service === service && instance.isReady);
      if (!first) throw new UnavailableError(`No ${service} is ready.`);
      const { process, subgraph } = scheduler.dice.pick([first, ...others]);
      return new Promise((resolve, reject) => {
        const stop = scheduler.after(requestTimeoutMs, () => reject(new UnavailableError('No answer in time.')));
        const answered = (tell: () => void) => {
          scheduler.after(0.2 + scheduler.dice.below(200) / 100, () => {
            stop();
            tell();
          });
        };
        scheduler.after(
          0,
          () => {
            question(subgraph?.resolvers ?? {}, contextOf(viewer), process).then(
              (answer) => process.alive && answered(() => resolve(answer)),
              (error: unknown) =>
                process.alive && answered(() => reject(error instanceof Error ? error : new Error(String(error)))),
            );
          },
          process,
        );
      });
    },
    operate: (service, endpoint, order) =>
      operator.bus.ask(service, endpoint, { ...order, authorization: operatorToken }, 8_000),
    heal() {
      broker.deliveryMs = 5;
      payments.lie = 'none';
      for (const instance of instances) {
        instance.process.pausedUntil = 0;
        instance.process.clockOffsetMs = 0;
        instance.process.dies = null;
        instance.trouble('database', 'none');
        instance.trouble('broker', 'none');
        instance.trouble('provider', 'none');
      }
    },
    rows,
    evidence: () => gather(rows, broker),
  };
}

interface InstanceOptions {
  scheduler: Scheduler;
  broker: Broker;
  payments: SimulatedPayments;
  database: Database;
  settings: Runtime['settings'];
  env: NodeJS.ProcessEnv;
  service: SubgraphName;
  number: number;
  date(): Date;
}

function createProcess(name: string): Process {
  return { name, alive: true, pausedUntil: 0, clockOffsetMs: 0, dies: null };
}

function linkOf(
  of: { scheduler: Scheduler; process: Process; died(): void },
  server: Server,
  state = { trouble: 'none' as Trouble },
): Link {
  const away = () =>
    server === 'database'
      ? Object.assign(new Error('The database does not answer.'), { name: 'MongoNetworkError' })
      : new UnavailableError(`The ${server} does not answer.`);
  return createLink({ ...of, state, timeoutMs: serverTimeoutMs, inOrder: server === 'broker', away });
}

function createInstance(
  options: InstanceOptions,
): Instance & { start(): void; readonly subgraph: Subgraph | undefined } {
  const { scheduler, broker, service, number, settings, env } = options;
  const name = `${service}#${number}`;
  const troubles = mapKeys(servers, (): { trouble: Trouble } => ({ trouble: 'none' }));
  let process = createProcess(name);
  let connection: BrokerConnection | undefined;
  let running: { subgraph: Subgraph; assembly: Assembly } | undefined;

  function start(): void {
    process = { ...createProcess(name), clockOffsetMs: process.clockOffsetMs };
    const of = { scheduler, process, died: kill };
    connection = broker.connect(process, linkOf(of, 'broker', troubles.broker));
    const runtime = runtimeOf(process, connection, linkOf(of, 'database', troubles.database));
    const provider = options.payments.connect(linkOf(of, 'provider', troubles.provider));
    run(runtime, provider, process).catch((error: unknown) => {
      scheduler.note(`${name} ends at start: ${String(error)}`);
      kill();
    });
  }

  async function run(runtime: Runtime, provider: PaymentProvider, of: Process): Promise<void> {
    const subgraph = service === 'approval' ? createApproval(runtime, provider) : definitions[service].create(runtime);
    const assembly = await assemble(runtime, subgraph);
    await assembly.start();
    if (!of.alive) return;
    running = { subgraph, assembly };
    scheduler.note(`${name} is ready`);
  }

  function runtimeOf(of: Process, { bus }: BrokerConnection, link: Link): Runtime {
    return {
      service,
      settings,
      readSettings: (schema, contradictions = {}) => readConfig(schema, env, { contradictions }),
      logger: createLogger(scheduler, name),
      metrics: silentMetrics,
      tracing: noTracing,
      database: createConnection(options.database, link),
      bus,
      verifyToken: (token) => Promise.resolve(token === operatorToken ? operatorViewer : null),
      clock: () => new Date(options.date().getTime() + of.clockOffsetMs),
      time: timeOf(scheduler, of),
      random: () => scheduler.random(),
      close: () => Promise.resolve(),
    };
  }

  function kill(): void {
    if (!process.alive) return;
    scheduler.note(`${name} dies`);
    process.alive = false;
    running = undefined;
    broker.disconnect(process);
    scheduler.after(restartMs, start);
  }

  function restart(): void {
    if (!running) return;
    const { assembly } = running;
    const stopping = process;
    running = undefined;
    scheduler.note(`${name} stops`);
    const end = () => {
      if (process === stopping) kill();
    };
    scheduler.after(settings.STOP_TIMEOUT_MS, end);
    assembly
      .stopSweeping()
      .then(() => assembly.close())
      .then(end, end);
  }

  return {
    service,
    name,
    get process() {
      return process;
    },
    get isReady() {
      return running !== undefined;
    },
    get subgraph() {
      return running?.subgraph;
    },
    start,
    kill,
    restart,
    trouble(server, trouble) {
      const before = troubles[server].trouble;
      troubles[server].trouble = trouble;
      const cameBack = server === 'broker' && before !== 'none' && trouble === 'none';
      if (cameBack) scheduler.after(5, () => connection?.reconnected(), process);
    },
  };
}

function mapKeys<Key extends string, Value>(keys: readonly Key[], toValue: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, toValue(key)])) as Record<Key, Value>;
}

/** Reads everything, as an observer without a network. */
function gather(rows: World['rows'], broker: Broker): Evidence {
  const feed = rows('dashboard', 'feed') as unknown as { _id: number; totals: Totals }[];
  const newest = feed.toSorted((one, other) => other._id - one._id)[0];
  return {
    journals: mapKeys(publishers, (publisher) => {
      const documents = rows(publisher, 'journal') as unknown as JournalDocument[];
      return documents.toSorted((one, other) => one.version - other.version);
    }),
    positions: mapKeys(
      consumers,
      (consumer) =>
        new Map(rows(consumer, 'positions').map((row) => [String(row._id), Number(row['handled'] ?? row['version'])])),
    ),
    parked: mapKeys(consumers, (consumer) => {
      const parked = rows(consumer, 'parked').filter(({ status }) => status === 'parked');
      return new Set(parked.map(({ subject }) => String(subject)));
    }),
    broker: broker.messages().map(({ headers }) => ({ id: idIn(headers.get('ce-id')) }) as Evidence['broker'][number]),
    dashboard: {
      rows: new Map(rows('dashboard', 'reservations').map(({ _id, version: _version, ...row }) => [Number(_id), row])),
      hours: new Map(rows('dashboard', 'hours').map(({ _id, version: _version, ...row }) => [String(_id), row])),
      bikes: new Map((rows('dashboard', 'bikes') as unknown as BikeView[]).map((row) => [row.bikeId, row])),
      stations: new Map((rows('dashboard', 'stations') as unknown as StationView[]).map((row) => [row.stationId, row])),
      totals: newest?.totals ?? noTotals,
    },
    slots: new Map(rows('reservation', 'slots').map((row) => [Number(row._id), row])),
    bikes: new Map(rows('bike', 'bikes').map((row) => [Number(row._id), row])),
  };
}

/** As headers encode it; poison may have any value. */
function idIn(header = ''): string {
  try {
    return decodeURIComponent(header);
  } catch {
    return header;
  }
}

/** Services log into the trace. */
function createLogger(scheduler: Scheduler, name: string): Logger {
  const say = (level: string) => (said: unknown, phrase?: unknown) => {
    const fields = typeof said === 'object' ? { ...said } : {};
    const { err, ...rest } = fields as { err?: unknown };
    const error = err instanceof Error ? ` ${err.message}` : '';
    scheduler.note(`${name} ${level}: ${String(phrase ?? said)} ${JSON.stringify(rest)}${error}`);
  };
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
  return Object.fromEntries(levels.map((level) => [level, say(level)])) as unknown as Logger;
}

const silentMetrics = {
  timeAppend: (append: Promise<boolean>) => append,
  timePublish: (publish: Promise<void>) => publish,
  refilled: () => undefined,
  handled: () => undefined,
  parked: () => undefined,
  counter: () => () => undefined,
  gauge: () => undefined,
} as unknown as Metrics;
