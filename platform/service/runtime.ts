import mongoose, { type Connection } from 'mongoose';
import type { z } from 'zod';
import { createTokenVerifier, type TokenVerifier } from '../server/auth.ts';
import { createJetStreamBus, type EventBus, type JetStreamBus } from '../messaging/bus.ts';
import { readConfig, type Contradictions } from '../server/config.ts';
import type { EventStream } from '../messaging/event-stream.ts';
import { boundReads } from '../server/given-up.ts';
import { createLogger, type Logger } from '../server/logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { ownSettings, serviceContradictions, serviceSettings, type ServiceSettings } from './settings.ts';
import { realTime, type Time } from '../foundation/time.ts';
import { createTracing, type Tracing } from '../server/tracing.ts';

/** All that a subgraph gets from outside: nothing in it is global, so many can live in one process. */
export interface Runtime {
  service: string;
  settings: ServiceSettings;
  /** The subgraph's own settings. @throws {ConfigError} with one line per mistake. */
  readSettings<Schema extends z.ZodType>(schema: Schema, contradictions?: Contradictions): z.infer<Schema>;
  logger: Logger;
  metrics: Metrics;
  tracing: Tracing;
  database: Connection;
  bus: EventBus & EventStream;
  verifyToken: TokenVerifier;
  /** The current time; goes into what is written. */
  clock(): Date;
  /** Timers, for what waits and repeats. */
  time: Time;
  /** From 0 to 1. */
  random(): number;
  close(): Promise<void>;
}

/** The runtime of a process: connected to real servers. */
export interface ConnectedRuntime extends Runtime {
  bus: JetStreamBus;
}

/**
 * Connects a service to its database (waits for it) and to the broker (does not).
 * @throws {ConfigError} with one line per mistake.
 */
export async function createRuntime(
  service: string,
  env: NodeJS.ProcessEnv,
  clock: () => Date = () => new Date(),
): Promise<ConnectedRuntime> {
  const settings = readServiceSettings(service, env);
  const logger = createLogger(settings.LOG_LEVEL, service);
  const verifyToken = await createTokenVerifier(settings, () => clock().getTime(), logger);
  const tracing = await createTracing(settings, service, logger);
  const database = await connectDatabase(settings, service, logger);
  const bus = createJetStreamBus(settings, service, logger);
  return {
    service,
    settings,
    readSettings: (schema, contradictions = {}) => readConfig(schema, env, { contradictions }),
    logger,
    metrics: createMetrics({ service, clock }),
    tracing,
    database,
    bus,
    verifyToken,
    clock,
    time: realTime,
    random: Math.random,
    close: async () => {
      await bus.close();
      await database.close();
      await tracing.close();
    },
  };
}

/** @throws {ConfigError} with one line per mistake. */
export function readServiceSettings(service: string, env: NodeJS.ProcessEnv): ServiceSettings {
  const own: NodeJS.ProcessEnv = {};
  for (const name of ownSettings) {
    const value = env[`${service.toUpperCase()}_${name}`];
    if (value) own[name] = value;
  }
  const nameOf = (setting: string) => (setting in own ? `${service.toUpperCase()}_${setting}` : setting);
  return readConfig(serviceSettings, { ...env, ...own }, { nameOf, contradictions: serviceContradictions });
}

/** Waits for the database. */
export async function connectDatabase(settings: ServiceSettings, service: string, logger: Logger): Promise<Connection> {
  const timeout = settings.DATABASE_TIMEOUT_MS;
  for (let told = false; ;) {
    const connection = mongoose.createConnection(settings.MONGODB_URI, {
      dbName: `${settings.DATABASE_PREFIX}${service}`,
      appName: service,
      serverSelectionTimeoutMS: timeout,
      connectTimeoutMS: timeout,
      // Commands of a broken connection fail at once instead of piling up; the command handler and the consumer know
      // what to do then.
      bufferCommands: false,
      autoIndex: false,
      autoCreate: false,
      ignoreUndefined: true,
      maxPoolSize: settings.DATABASE_POOL_SIZE,
    });
    boundReads(connection, settings.DATABASE_READ_TIMEOUT_MS);
    try {
      await connection.asPromise();
      return connection;
    } catch (error) {
      await connection.destroy().catch(() => undefined);
      if (!told) logger.warn({ reason: error instanceof Error ? error.message : '' }, 'waiting for the database');
      told = true;
      await realTime.wait(settings.OUTAGE_DELAY_MS);
    }
  }
}

/** `ok`, or why the database cannot be used. */
export async function databaseStatus(database: Connection, timeoutMs: number): Promise<string> {
  try {
    if (!database.db) return 'not connected';
    await database.db.command({ ping: 1 }, { timeoutMS: timeoutMs });
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}
