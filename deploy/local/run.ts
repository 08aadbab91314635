/** `npm start`: the whole system on this machine, on servers that it brings along where none are set. */
import { join } from 'node:path';
import {
  ConfigError,
  createLogger,
  exitCodeConfig,
  processSettings,
  readConfig,
  stopOnSignal,
} from '../../subgraphs/chassis/process.ts';
import { DATA_DIRECTORY, DataPlaneError, startDataPlane } from './data-plane.ts';
import { keptDevelopmentKeys } from './development-keys.ts';
import { startSystem } from './system.ts';
import { buildWebIfStale } from './web.ts';

const report = (line: string) => process.stdout.write(`${line}\n`);
const startedAt = Date.now();
const closers: (() => Promise<void>)[] = [];
const closeAll = async () => {
  for (const close of closers.toReversed()) await close();
};

try {
  const settings = readConfig(processSettings, { LOG_LEVEL: 'warn', ...process.env });
  stopOnSignal(
    closeAll,
    2 * (settings.STOP_DELAY_MS + settings.STOP_TIMEOUT_MS),
    createLogger(settings.LOG_LEVEL, 'start'),
  );
  const [dataPlane, keys] = await Promise.all([
    startDataPlane({
      directory: DATA_DIRECTORY,
      env: process.env,
      report,
      serverExited: (message) => {
        report(message);
        process.kill(process.pid, 'SIGTERM');
      },
    }).then((plane) => {
      closers.push(() => plane.close());
      return plane;
    }),
    keptDevelopmentKeys(join(DATA_DIRECTORY, 'development-keys.json')),
    buildWebIfStale(report),
  ]);
  const system = await startSystem({
    LOG_LEVEL: 'warn',
    ...keys,
    ...process.env,
    MONGODB_URI: dataPlane.mongodbUri,
    NATS_URL: dataPlane.natsUrl,
  });
  closers.push(() => system.close());
  report(board(system.routerPort, Date.now() - startedAt));
} catch (error) {
  await closeAll();
  if (!isForPeople(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof ConfigError ? exitCodeConfig : 1);
}

function isForPeople(error: unknown): error is Error {
  if (error instanceof ConfigError || error instanceof DataPlaneError) return true;
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return false;
  const port = 'port' in error ? String(error.port) : '?';
  error.message = `Port ${port} is in use by another program. Stop it, or set ROUTER_PORT or <SUBGRAPH>_PORT (.env.example) to a free one.`;
  return true;
}

function board(port: number, ms: number): string {
  const at = (path: string) => `http://localhost:${port}${path}`;
  return `
  따릉이 is ready (${(ms / 1000).toFixed(1)} s).

  Live dashboard   ${at('/')}
  Playground       ${at('/playground')}
  GraphQL          ${at('/graphql')}

  npm run demo     a small city to watch
  Ctrl-C           stops everything; data stays in .data/ (npm run reset removes it)
`;
}
