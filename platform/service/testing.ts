import { randomUUID } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino, type Logger } from 'pino';
import type { EventOf } from '../../schema/events/envelope.ts';
import { until } from '../../test/support/until.ts';
import { createCommandHandler, type Origin } from '../event-core/command-handler.ts';
import { refuse, type Decider } from '../event-core/decider.ts';
import { createJournal, type JournalDocument } from '../event-core/journal.ts';
import { createRuntime, type ConnectedRuntime, type Runtime } from './runtime.ts';

/** For tests only: a stage with databases and an event stream of its own, servers that can go away, a small domain. */
export interface Stage {
  /** Names its databases, its event stream and its subjects. */
  name: string;
  /** What its services are started with. */
  env: NodeJS.ProcessEnv;
  /** One process of a service; several of the same service share its database. */
  runtime(service: string, env?: NodeJS.ProcessEnv): Promise<ConnectedRuntime>;
  /** Closed with the stage, the last one first. */
  keep<Closable extends { close(): Promise<void> }>(closable: Closable): Closable;
  token(userId: string, roles: string[]): Promise<string>;
  /** Closes everything and removes what it stored. */
  close(): Promise<void>;
}

export const mongodbUri = () => process.env['TEST_MONGODB_URI'] ?? '';
export const natsUrl = () => process.env['TEST_NATS_URL'] ?? '';

export async function createStage(): Promise<Stage> {
  const name = `c${randomUUID().slice(0, 8)}`;
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const shared: NodeJS.ProcessEnv = {
    LANDSCAPE: 'test',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    JWT_PUBLIC_KEY: JSON.stringify({ ...(await exportJWK(publicKey)), alg: 'EdDSA' }),
    MONGODB_URI: mongodbUri(),
    NATS_URL: natsUrl(),
    DATABASE_PREFIX: `${name}_`,
    // The database that all suites of a run share may stop for seconds.
    DATABASE_TIMEOUT_MS: '20000',
    EVENT_STREAM: name,
    EVENT_SUBJECT_PREFIX: name,
    OUTAGE_DELAY_MS: '50',
    SWEEP_EVERY_MS: '50',
    RETRY_DELAYS_MS: '10,20,30',
  };
  const kept: { close(): Promise<void> }[] = [];
  const services = new Set<string>();
  const runtime = async (service: string, env: NodeJS.ProcessEnv = {}) => {
    services.add(service);
    const made = await createRuntime(service, { ...shared, ...env });
    kept.push(made);
    return made;
  };
  return {
    name,
    env: shared,
    runtime,
    keep(closable) {
      kept.push(closable);
      return closable;
    },
    token: (userId, roles) =>
      new SignJWT({ roles })
        .setSubject(userId)
        .setExpirationTime('1h')
        .setProtectedHeader({ alg: 'EdDSA' })
        .sign(privateKey),
    async close() {
      for (const closable of kept.toReversed()) await closable.close();
      for (const service of services) {
        const { database, bus, close } = await createRuntime(service, shared);
        await connected(bus);
        const { manager } = bus.jetStream();
        await database.dropDatabase();
        await manager.streams.delete(name).catch(() => undefined);
        await close();
      }
    },
  };
}

export const connected = (bus: { status(): string }) => until('the bus is connected', () => bus.status() === 'ok');

/** The settings of a process that reaches its database through a gate: it soon says that it is away. */
export const behind = (gate: Gate) => ({ MONGODB_URI: gate.url, DATABASE_TIMEOUT_MS: '1000' });

/** A proxy to a server that a test can close: then the server is unreachable. */
export interface Gate {
  /** The server's address through the proxy. */
  url: string;
  /** Cuts every connection and refuses new ones. */
  shut(): Promise<void>;
  open(): Promise<void>;
  /** Lets requests through and holds back the answers. */
  swallowAnswers(): void;
  close(): Promise<void>;
}

export async function createGate(serverUrl: string, begins: 'open' | 'shut' = 'open'): Promise<Gate> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let swallow = false;
  let port = 0;
  let server: Server | undefined;

  function carry(client: Socket): void {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on('data', (bytes) => {
        if (socket === client || !swallow) other.write(bytes);
      });
    }
  }
  async function open(): Promise<void> {
    swallow = false;
    const made = createServer(carry);
    await new Promise<void>((resolve, reject) => {
      made.once('error', reject);
      made.listen(port, '127.0.0.1', resolve);
    });
    port = (made.address() as { port: number }).port;
    server = made;
  }
  async function shut(): Promise<void> {
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    server = undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await open();
  if (begins === 'shut') await shut();
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    open,
    shut,
    swallowAnswers() {
      swallow = true;
    },
    close: shut,
  };
}

/** A logger whose lines can be read. */
export function createLogbook(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'trace', messageKey: 'message' },
    {
      write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    },
  );
  return { logger, lines };
}

/** A tally that can be added to, and held by one holder at a time. */
export interface Tally {
  total: number;
  holder: string | null;
}
export type TallyCommand =
  { type: 'Add'; amounts: number[] } | { type: 'Hold'; by: string } | { type: 'Release' } | { type: 'Pass' };
type NewTallyEvent =
  | { type: 'Added'; data: { amount: number } }
  | { type: 'Held'; data: { by: string } }
  | { type: 'Released'; data: object };
export type TallyEvent =
  EventOf<'Added', { amount: number }> | EventOf<'Held', { by: string }> | EventOf<'Released', object>;
export type TallyDocument = JournalDocument<Tally, TallyEvent>;

export const tally: Decider<Tally, TallyCommand, NewTallyEvent, 'HELD'> = {
  initial: { total: 0, holder: null },
  decide(command, state) {
    switch (command.type) {
      case 'Add':
        return command.amounts.map((amount) => ({ type: 'Added', data: { amount } }));
      case 'Hold':
        if (state.holder !== null) return refuse('HELD', 'Somebody else holds it.');
        return [{ type: 'Held', data: { by: command.by } }];
      case 'Release':
        return [{ type: 'Released', data: {} }];
      case 'Pass':
        return [];
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'Added':
        return { ...state, total: state.total + event.data.amount };
      case 'Held':
        return { ...state, holder: event.data.by };
      case 'Released':
        return { ...state, holder: null };
    }
  },
};

export const originOf = (cause: string = randomUUID()): Origin => ({
  cause,
  correlationId: `correlation of ${cause}`,
  causationId: `causation of ${cause}`,
});

/** A journal and a command handler without a relay: their decisions count as published. */
export function createSilentTally(runtime: Runtime, published = true) {
  const journal = createJournal<Tally, TallyEvent>(runtime.database);
  const handler = createCommandHandler<Tally, TallyCommand, NewTallyEvent, TallyEvent, 'HELD'>({
    parse: (envelope) => envelope as TallyEvent,
    service: runtime.service,
    decider: tally,
    journal: {
      ...journal,
      append: (document) =>
        journal.append({ ...document, published, ...(published ? { publishedAt: new Date() } : {}) }),
    },
    clock: () => new Date(),
    maxConflicts: 50,
    conflictDelayMs: 10,
    headCacheSize: 100,
    decided: () => Promise.resolve(),
  });
  return {
    ...handler,
    journal,
    /** Decides this many events, one document each, and returns them. */
    async add(stream: string, events: number): Promise<TallyEvent[]> {
      const added: TallyEvent[] = [];
      for (let amount = 1; amount <= events; amount += 1) {
        const outcome = await handler.handle(stream, { type: 'Add', amounts: [amount] }, originOf());
        if (outcome.kind === 'decided') added.push(...outcome.document.events);
      }
      return added;
    },
  };
}
