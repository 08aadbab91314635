import { Worker } from 'node:worker_threads';

/** A plan that never ends takes a core for so long. */
const lookEveryMs = 500;

/** Nothing but this runs there. */
const memory = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

const watch = `
  const { workerData: { parent, lookEveryMs } } = require('node:worker_threads');
  const isThere = () => {
    try {
      process.kill(parent, 0);
    } catch {
      return false;
    }
    // Another may have its number, and one that has ended is listed until it is looked after.
    return process.ppid === parent;
  };
  setInterval(() => isThere() || process.kill(process.pid, 'SIGKILL'), lookEveryMs);
`;

/**
 * Ends this process once its parent has ended, whatever it does then: an event loop that is blocked hears nothing of a
 * closed channel, and an orderly end waits for native code. So a thread of its own looks; it takes 10 MB.
 */
export function endWithParent(): void {
  new Worker(watch, {
    eval: true,
    execArgv: [],
    resourceLimits: memory,
    workerData: { parent: process.ppid, lookEveryMs },
  }).unref();
}
