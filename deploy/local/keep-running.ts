import { setTimeout as delay } from 'node:timers/promises';
import { DataPlaneError } from './data-plane-error.ts';
import type { Launch, RunningServer, Supervisor } from './supervisor.ts';

/**
 * A server is asked this often whether it serves, and given some seconds to answer; three times in a row without are more
 * than any pause seen. SecantusDB's Python server can stop for good (docs/facts.md).
 */
const CHECK_EVERY_MS = 5_000;
const UNANSWERED_CHECKS = 3;
/** It says what its threads are doing first, in its log. */
const ABORT_WITHIN_MS = 5_000;
/** A server that ends more often has a fault that another start does not end. */
const RESTARTS = 3;

export interface KeepRunning {
  supervisor: Supervisor;
  /** Ends the watch; the supervisor ends the server. */
  signal: AbortSignal;
  /** What happened, for a person. */
  report(message: string): void;
  /** It has ended once more, or cannot be started again. */
  gaveUp(message: string): void;
  checkEveryMs?: number;
}

/** Starts a server, starts it again when it ends by itself, and ends it when it answers no longer. */
export async function keepRunning(launch: Launch, options: KeepRunning): Promise<RunningServer> {
  const { supervisor, signal, report, gaveUp, checkEveryMs = CHECK_EVERY_MS } = options;
  let restarts = 0;
  let pid = 0;
  let isUp = false;

  const start = async () => {
    const server = await supervisor.start(launch, signal, exited);
    ({ pid } = server);
    isUp = true;
    return server;
  };
  const exited = (message: string) => {
    isUp = false;
    if (signal.aborted) return;
    restarts += 1;
    if (restarts > RESTARTS) return gaveUp(message);
    report(`${message}\n  It is started again.`);
    start().then(
      () => report(`${launch.engine} is up again on port ${launch.port}`),
      (error: unknown) => {
        if (!signal.aborted) gaveUp(error instanceof DataPlaneError ? error.message : String(error));
      },
    );
  };
  const watch = async () => {
    let unanswered = 0;
    for (;;) {
      await delay(checkEveryMs, undefined, { signal, ref: false });
      const asked = pid;
      unanswered = (await launch.isReady()) || !isUp || asked !== pid ? 0 : unanswered + 1;
      if (unanswered < UNANSWERED_CHECKS) continue;
      report(`${launch.engine} has not answered ${unanswered} times in a row: it is ended.`);
      end(asked, 'SIGABRT');
      await delay(ABORT_WITHIN_MS, undefined, { signal });
      if (isUp && pid === asked) end(asked, 'SIGKILL');
      unanswered = 0;
    }
  };

  const server = await start();
  watch().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    ...server,
    get pid() {
      return pid;
    },
  };
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself at this moment.
  }
}
