import { longestTimerMs } from '../foundation/time.ts';
import type { ProcessSettings } from './config.ts';
import type { Logger } from './logger.ts';

/** After the drain: time for sockets and pools to close before the process is killed. */
const closingGraceMs = 3_000;

/**
 * How long a process may take to stop.
 * @param steps router and subgraphs in one process stop one after the other, each with its delay.
 */
export const stopWithinMs = (
  { STOP_DELAY_MS, STOP_TIMEOUT_MS }: Pick<ProcessSettings, 'STOP_DELAY_MS' | 'STOP_TIMEOUT_MS'>,
  steps: 1 | 2 = 1,
) => Math.min(steps * (STOP_DELAY_MS + STOP_TIMEOUT_MS) + closingGraceMs, longestTimerMs);

/** The last: the terminal was closed. A process without one may give it another meaning. */
const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Ends the process gracefully on SIGTERM, SIGINT (Ctrl-C) and SIGHUP: `close` once, at most
 * `timeoutMs`; a second signal ends it at once. An error that nothing caught ends it in the same order, with exit code 1:
 * what it left in memory is not to be trusted, and what stands in a journal is carried out after the restart.
 */
export function stopOnSignal(
  close: () => Promise<void>,
  timeoutMs: number,
  logger: Logger,
  signals: readonly NodeJS.Signals[] = stopSignals,
): void {
  let stopping = false;
  const stop = (exitCode: number) => {
    stopping = true;
    const late = setTimeout(() => {
      logger.error({ timeoutMs }, 'did not stop in time');
      process.exit(1);
    }, timeoutMs);
    late.unref();
    close().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        logger.error({ err: error }, 'stopped with an error');
        process.exit(1);
      },
    );
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    logger.info({ signal }, 'stopping');
    stop(0);
  };
  const onError = (error: unknown) => {
    logger.fatal({ err: error }, 'an error that nothing caught: stopping');
    if (!stopping) stop(1);
  };
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
}
