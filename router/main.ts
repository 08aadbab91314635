import {
  ConfigError,
  createLogger,
  exitCodeConfig,
  readConfig,
  stopOnSignal,
  stopWithinMs,
  warnOfRetiredSettings,
  warnOfUnsafeSettings,
} from '../platform/server/index.ts';
import { readRouterSettings, routerSettings } from './config.ts';
import { ttareungi } from './product/product.ts';
import { startRouter } from './router.ts';

try {
  const { PRODUCT } = readConfig(routerSettings.pick({ PRODUCT: true }), process.env);
  const product = PRODUCT === 'none' ? undefined : ttareungi;
  const settings = readRouterSettings(process.env, product);
  const logger = createLogger(settings.LOG_LEVEL, 'router');
  warnOfUnsafeSettings(settings, logger);
  warnOfRetiredSettings(process.env, logger);
  const router = await startRouter(process.env, { product });
  const close = () => router.close();
  if (process.stdin.isTTY) stopOnSignal(close, stopWithinMs(settings), logger);
  else {
    stopOnSignal(close, stopWithinMs(settings), logger, ['SIGTERM', 'SIGINT']);
    process.on('SIGHUP', () => void router.reload());
  }
  // Logged last: a supervisor that reads it may send a signal at once.
  logger.info({ port: router.port, landscape: settings.LANDSCAPE }, 'router is ready');
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // What was started before the mistake showed would go on.
  process.exit(exitCodeConfig);
}
