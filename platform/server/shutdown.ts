import type { ProcessSettings } from './config.ts';
import type { Logger } from './logger.ts';

/** How long a process that holds both router and subgraphs may take to stop: one after the other, each with its delay. */
export const stopWithinMs = ({ STOP_DELAY_MS, STOP_TIMEOUT_MS }: ProcessSettings) =>
  2 * (STOP_DELAY_MS + STOP_TIMEOUT_MS);

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
