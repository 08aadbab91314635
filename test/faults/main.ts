/**
 * `npm run test:faults -- --runs 20 --seed 1 --minutes 4 [--engine secantusd-rs] [--instances 1] [--only kill-broker,…]`
 *
 * Runs the whole system as separate processes under load, injects the faults of each seed, and checks. One line per
 * run; a failure prints its story and can be repeated by its seed. Results go to bench/results.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDice } from '../../cli/demo/dice.ts';
import { readOptions, wholeNumberIn } from '../../schema/script-options.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { faultKinds, planOf, type FaultKind } from './plan.ts';
import { runPlan, type RunResult } from './run.ts';

const values = readOptions({
  runs: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  minutes: { type: 'string', default: '60' },
  engine: { type: 'string' },
  instances: { type: 'string', default: '1' },
  'runs-per-start': { type: 'string', default: '10' },
  only: { type: 'string' },
  'settle-seconds': { type: 'string', default: '30' },
  out: { type: 'string' },
  keep: { type: 'boolean', default: false },
});

const runs = wholeNumberIn(values, 'runs', 1, 1e6);
const instances = wholeNumberIn(values, 'instances', 1, 10);
const firstSeed = wholeNumberIn(values, 'seed', 0, 1e12);
const runsPerStart = wholeNumberIn(values, 'runs-per-start', 1, 1e6);
const settleSeconds = wholeNumberIn(values, 'settle-seconds', 1, 3_600);
const only = values.only?.split(',').filter((kind): kind is FaultKind => kind in faultKinds);
const deadline = performance.now() + wholeNumberIn(values, 'minutes', 1, 100_000) * 60_000;
const directory = await mkdtemp(join(tmpdir(), 'faults-'));
const results: RunResult[] = [];
let cluster: Cluster | undefined;
let engine = '';
let stopped = false;
const stop = () => {
  stopped = true;
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

try {
  for (let seed = firstSeed; seed < firstSeed + runs && !isOver(); seed += 1) {
    cluster ??= await start(seed);
    const result = await runPlan(
      cluster,
      planOf(seed, { instances, ...(only ? { only } : {}) }),
      settleSeconds * 1_000,
    );
    results.push(result);
    report(result);
    const failed = result.violations.length > 0;
    if (!failed && results.length % runsPerStart !== 0) continue;
    // The leftovers of a failure must not fail the next run.
    await cluster.close();
    cluster = undefined;
  }
} finally {
  await cluster?.close();
  if (values.keep) console.log(`data and logs: ${directory}`);
  else await rm(directory, { recursive: true, force: true });
}

const failures = results.filter(({ violations }) => violations.length > 0);
const file =
  values.out ?? join(import.meta.dirname, '../../bench/results', `faults-${engine}-${instances}-${firstSeed}.json`);
await writeFile(file, `${JSON.stringify(summary(), null, 1)}\n`);
console.log(`${results.length} runs, ${failures.length} failed`);
process.exitCode = failures.length > 0 || results.length === 0 ? 1 : 0;

function isOver(): boolean {
  return stopped || performance.now() > deadline;
}

async function start(seed: number): Promise<Cluster> {
  const started = await startCluster({
    directory: join(directory, `from-${seed}`),
    engine: values.engine,
    instances,
    dice: createDice(seed),
  });
  engine = started.servers.mongodb.engine.split(' ')[0] ?? '';
  return started;
}

function report({
  seed,
  faults,
  stories,
  checks,
  seconds,
  settledMs,
  violations,
  story,
  complaints,
  attempts,
  unanswered,
}: RunResult) {
  const verdict = violations.length === 0 ? 'ok  ' : 'FAIL';
  const said = `${stories} done of ${attempts} (${unanswered} unanswered)`;
  console.log(
    `${verdict} seed ${seed} | ${faults.join('; ')} | ${said} | ${checks} checks | ${seconds} s, settled in ${settledMs} ms`,
  );
  for (const violation of violations) console.log(`  ! ${violation}`);
  for (const line of [...story, ...complaints]) console.log(`    ${line.slice(0, 1_000)}`);
}

function summary() {
  const quantile = (of: number[], share: number) =>
    of.toSorted((one, other) => one - other)[Math.min(of.length - 1, Math.floor(of.length * share))] ?? 0;
  const figures = (of: number[]) => ({ median: quantile(of, 0.5), p95: quantile(of, 0.95), most: quantile(of, 1) });
  return {
    at: new Date().toISOString(),
    engine,
    instances,
    seeds: results.map(({ seed }) => seed),
    failedSeeds: failures.map(({ seed }) => seed),
    attempts: results.reduce((sum, { attempts }) => sum + attempts, 0),
    settledMs: figures(results.map(({ settledMs }) => settledMs)),
    dashboardMs: figures(results.map(({ dashboardMs }) => dashboardMs)),
    restartMs: figures(results.flatMap(({ restartsMs }) => restartsMs)),
    memoryMb: figures(results.map(({ memoryMb }) => memoryMb)),
    runs: results,
  };
}
