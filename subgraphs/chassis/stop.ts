import type { Logger } from './logger.ts';

/**
 * Ends the process gracefully on SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal was closed): `close` once, at most
 * `timeoutMs`; a second signal ends it at once.
 */
export function stopOnSignal(close: () => Promise<void>, timeoutMs: number, logger: Logger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ signal }, 'stopping');
    const late = setTimeout(() => {
      logger.error({ timeoutMs }, 'did not stop in time');
      process.exit(1);
    }, timeoutMs);
    late.unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'stopped with an error');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
}
