/** `npm run monitor`: Prometheus, from PATH, on what `npm start` runs on this machine; with the rules of production. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { makeFolder } from '../make-folder.ts';
import { DATA_DIRECTORY } from '../local/data-plane.ts';
import { shown } from '../local/data-plane-error.ts';
import { isPortFree } from '../local/free-port.ts';
import { exitCodes, OpsError } from '../../cli/ops/ops-error.ts';
import { onPath } from '../local/processes.ts';
import { ConfigError, exitCodeConfig, readConfig } from '../../platform/server/index.ts';
import { monitorSettings } from './settings.ts';
import { portsOf, rulesConfiguration, scrapeConfiguration } from './configuration.ts';

const readyWithinMs = 30_000;
const data = join(DATA_DIRECTORY, 'data', 'prometheus');
const log = join(DATA_DIRECTORY, 'logs', 'prometheus.log');

try {
  process.exitCode = await monitor(process.env);
} catch (error) {
  if (!(error instanceof OpsError) && !(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof OpsError ? error.exitCode : exitCodeConfig;
}

/** Runs until Ctrl-C, or until Prometheus ends. @throws {OpsError} that says what is missing. */
async function monitor(env: NodeJS.ProcessEnv): Promise<number> {
  const command = onPath('prometheus', env);
  if (!command) {
    const where = 'npm run monitor:install gets that of Debian; others: https://prometheus.io/download.';
    throw new OpsError(exitCodes.unavailable, `There is no prometheus on PATH. ${where}`);
  }
  const ports = portsOf(env);
  await checkThatSomethingRuns(ports);
  const { MONITOR_PORT: port } = readConfig(monitorSettings, env);
  if (!(await isPortFree(port))) {
    throw new OpsError(exitCodes.refused, `Port ${port} is in use by another program. Set MONITOR_PORT to a free one.`);
  }

  makeFolder(data);
  makeFolder(join(DATA_DIRECTORY, 'logs'));
  writeFileSync(join(data, 'prometheus.yaml'), stringify(scrapeConfiguration(ports)));
  writeFileSync(join(data, 'rules.yaml'), stringify(rulesConfiguration()));
  const output = openSync(log, 'w');
  const options = [
    '--config.file=prometheus.yaml',
    '--storage.tsdb.path=series',
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn(command, options, { cwd: data, stdio: ['ignore', output, output] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'));
  const url = `http://localhost:${port}`;
  const started = await Promise.race([untilReady(`http://127.0.0.1:${port}`), ended.then(() => false)]);
  if (started) process.stdout.write(board(url));
  const [exitCode] = await ended;
  if (exitCode === 0) return exitCodes.ok;
  const words = readFileSync(log, 'utf8').trim().split('\n').slice(-2).join('\n');
  throw new OpsError(exitCodes.unavailable, `Prometheus ended. Its log: ${shown(log)}\n${words}`);
}

async function checkThatSomethingRuns(ports: Record<string, number>): Promise<void> {
  const answers = await Promise.all(
    Object.values(ports).map((port) => fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)),
  );
  if (answers.some((answer) => answer?.ok)) return;
  const where = Object.entries(ports).map(([name, port]) => `${name} ${port}`);
  throw new OpsError(
    exitCodes.unavailable,
    `Nothing runs here (${where.join(', ')}): npm start first. Started with other ports? Set the same here (ROUTER_PORT, <SUBGRAPH>_PORT).`,
  );
}

async function untilReady(url: string): Promise<boolean> {
  for (const deadline = performance.now() + readyWithinMs; performance.now() < deadline; await delay(100)) {
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok) return true;
  }
  return false;
}

function board(url: string): string {
  return `
  Prometheus watches the system.

  Alerts      ${url}/alerts
  Processes   ${url}/targets
  Queries     ${url}/graph
  Grafana     import deploy/monitoring/ttareungi.dashboard.json, with ${url} for its source

  Ctrl-C      ends it; its series stay in .data/ (npm run reset removes them)
`;
}
