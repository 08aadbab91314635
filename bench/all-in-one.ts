/**
 * What `npm start` runs, on data of its own: servers (unless MONGODB_URI and NATS_URL are set), six subgraphs and router
 * in one process. Started by the benchmark, tells it over IPC when it serves, and ends with it.
 */
import { join } from 'node:path';
import { DATA_DIRECTORY, startDataPlane } from '../deploy/local/data-plane.ts';
import { startSystem } from '../deploy/local/system.ts';
import { createLogger, stopOnSignal } from '../platform/server/index.ts';
import { countOperations } from './database-operations.ts';
import type { OperationCounts } from './operation-counts.ts';
import { measurePauses, type Pauses } from './pauses.ts';
import { countRequests } from './subgraph-requests.ts';

/** Sent to the benchmark. */
export interface ReadyMessage {
  routerPort: number;
  /** Of the servers that it started. */
  servers: Record<string, number>;
}
/** Sent when the benchmark asks for it by any message. */
export interface OperationsMessage {
  operations: OperationCounts;
  /** Since the answer before. */
  pauses: Pauses;
}

const dataPlane = await startDataPlane({
  directory: process.env['BENCH_DIRECTORY'] ?? '',
  installDirectory: join(DATA_DIRECTORY, 'python'),
  env: process.env,
  mongodbPort: 0,
  natsPort: 0,
  report: () => undefined,
});
const system = await startSystem({
  ...process.env,
  MONGODB_URI: dataPlane.mongodbUri,
  NATS_URL: dataPlane.natsUrl,
});
const close = async () => {
  await system.close();
  await dataPlane.close();
};
stopOnSignal(close, 20_000, createLogger('warn', 'bench'));
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));

const services = Object.values(system.services);
const operations = countOperations(
  services.map(({ name, runtime }) => ({ name, client: runtime.database.getClient() })),
);
const requests = countRequests(Object.fromEntries(services.map(({ name, port }) => [name, port])));
const pauses = measurePauses();
process.on('message', () => {
  const answer: OperationsMessage = { operations: { ...operations(), ...requests() }, pauses: pauses() };
  process.send?.(answer);
});
process.send?.({
  routerPort: system.routerPort,
  servers: Object.fromEntries(dataPlane.servers.map(({ name, pid }) => [name, pid])),
} satisfies ReadyMessage);
