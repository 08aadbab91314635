/**
 * `npm start`: runs the system (`run.ts`) in a process of its own and ends it, gently where it can. A process whose
 * event loop is stuck hears no signal; this one does.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { longestTimerMs } from '../../platform/foundation/time.ts';
import { nodeEnvironment, nodeFlags } from './node-flags.ts';

/** On top of what a stop may take, for the servers that were brought along. */
const serversGraceMs = 5_000;
const PARENT_CHECK_MS = 500;

if (process.argv.length > 2) {
  process.stderr.write('npm start takes no options. What can be set is in .env.example.\n');
  process.exit(1);
}

const child = fork(join(import.meta.dirname, 'run.ts'), {
  stdio: 'inherit',
  execArgv: [...process.execArgv, ...nodeFlags],
  env: { ...nodeEnvironment, ...process.env },
  // A session of its own: a Ctrl-C in the terminal reaches only this process, which forwards it once.
  detached: true,
});
let stopping = false;

function stop(signal: NodeJS.Signals): void {
  if (stopping) return void child.kill('SIGKILL');
  stopping = true;
  child.kill(signal);
  void withinMs().then((ms) => {
    setTimeout(() => {
      process.stderr.write('It does not stop by itself: ended.\n');
      child.kill('SIGKILL');
    }, ms).unref();
  });
}

async function withinMs(): Promise<number> {
  try {
    // Not before: what reads settings takes half of the memory of a process that does nothing but wait.
    const { processSettings, readConfig, stopWithinMs } = await import('../../platform/server/index.ts');
    return Math.min(stopWithinMs(readConfig(processSettings, process.env), 2) + serversGraceMs, longestTimerMs);
  } catch {
    return serversGraceMs; // a wrong setting: the system reports it itself
  }
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);

// npm passes a signal on to the shell between us, which ends without a word: then our parent is another one.
const parent = process.ppid;
if (process.env['npm_lifecycle_event'] === 'start') {
  setInterval(() => {
    if (process.ppid !== parent && !stopping) stop('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}
child.once('exit', (code) => process.exit(code ?? 1));
