import {
  ConfigError,
  createLogger,
  exitCodeConfig,
  readConfig,
  stopOnSignal,
  warnOfRetiredSettings,
  warnOfUnsafeSettings,
} from '../platform/server/index.ts';
import { routerSettings } from './config.ts';
import { startRouter } from './router.ts';

/** After the drain: time for sockets and pools to close before the process is killed. */
const closingGraceMs = 3_000;

try {
  const settings = readConfig(routerSettings, process.env);
  const logger = createLogger(settings.LOG_LEVEL, 'router');
  warnOfUnsafeSettings(settings, logger);
  warnOfRetiredSettings(process.env, logger);
  const router = await startRouter(process.env);
  const stopWithinMs = settings.STOP_DELAY_MS + settings.STOP_TIMEOUT_MS + closingGraceMs;
  stopOnSignal(() => router.close(), stopWithinMs, logger);
  // Logged last: a supervisor that reads it may send a signal at once.
  logger.info({ port: router.port, landscape: settings.LANDSCAPE }, 'router is ready');
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = exitCodeConfig;
}
