/**
 * `npm run simulate -- --histories 10000 [--seed 1] [--workers 2] [--out file] [--stop-at-first]`: runs as many
 * histories, one for each seed from the first on. The first that fails is repeated, shrunk to its smallest plan, and
 * printed; `--histories 1 --seed n --trace` runs one and prints every line of it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machine, versions } from '../../bench/environment.ts';
import { readOptions, wholeNumberIn } from '../../schema/script-options.ts';
import { planOf, shrink } from './check.ts';
import { simulate } from './history.ts';
import { tell } from './plan.ts';
import type { Told } from './worker.ts';

const values = readOptions({
  histories: { type: 'string', default: '10000' },
  seed: { type: 'string', default: '1' },
  workers: { type: 'string', default: '2' },
  'shrink-seconds': { type: 'string', default: '60' },
  trace: { type: 'boolean', default: false },
  'stop-at-first': { type: 'boolean', default: false },
  out: { type: 'string' },
});
const histories = wholeNumberIn(values, 'histories', 1, 1e9);
const firstSeed = wholeNumberIn(values, 'seed', 0, 1e12);
const workers = Math.min(wholeNumberIn(values, 'workers', 1, 1_000), histories);
const shrinkSeconds = wholeNumberIn(values, 'shrink-seconds', 0, 86_400);

if (values.trace) {
  const plan = planOf(firstSeed);
  const { trace, hash, violations } = await simulate(plan);
  console.log([...tell(plan), ...trace, `hash ${hash}`, ...violations.map((violation) => `! ${violation}`)].join('\n'));
  process.exit(violations.length > 0 ? 1 : 0);
}

const startedAt = performance.now();
const results: Told[] = [];
const children: ChildProcess[] = [];
await Promise.all(Array.from({ length: workers }, (_, index) => work(firstSeed + index)));
const seconds = (performance.now() - startedAt) / 1_000;
const failures = results.filter(({ violations }) => violations.length > 0).sort((one, other) => one.seed - other.seed);

for (const { seed, violations } of failures.slice(0, 10)) {
  console.log(`FAIL seed ${seed}`);
  for (const violation of violations) console.log(`  ! ${violation.slice(0, 500)}`);
}
const [first] = failures;
if (first && shrinkSeconds > 0) await tellSmallest(first.seed);
if (values.out)
  await writeFile(
    values.out,
    `${JSON.stringify({ ...summary(), machine: machine(), versions: await versions() }, null, 1)}\n`,
  );
console.log(
  `${results.length} histories, ${failures.length} failed, in ${seconds.toFixed(1)} s (${Math.round(results.length / seconds)} a second)`,
);
process.exitCode = failures.length > 0 || results.length < histories ? 1 : 0;

async function work(from: number): Promise<void> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [from, firstSeed + histories, workers].map(String));
  children.push(child);
  child.on('message', (told: Told) => {
    results.push(told);
    if (values['stop-at-first'] && told.violations.length > 0) for (const one of children) one.kill();
    if (results.length % 1_000 === 0) console.log(`${results.length} histories`);
  });
  await once(child, 'exit');
}

async function tellSmallest(seed: number): Promise<void> {
  const smallest = await shrink(seed, shrinkSeconds * 1_000);
  if (!smallest) {
    console.log(`seed ${seed} does not fail when it is lived through again: report that, it must not be`);
    return;
  }
  console.log(`\nThe smallest plan that fails like seed ${seed}, the end of its history, and what is wrong:`);
  const { plan, history } = smallest;
  const end = history.trace.slice(-60);
  for (const line of [...tell(plan), ...end, ...history.violations.map((one) => `! ${one}`)]) console.log(`  ${line}`);
  console.log(`\nAgain, with every line: npm run simulate -- --seed ${seed} --trace`);
}

function summary() {
  const sum = (of: (told: Told) => number) => results.reduce((total, told) => total + of(told), 0);
  const settled = results.map(({ settledMs }) => settledMs).sort((one, other) => one - other);
  const quantile = (share: number) => settled[Math.min(settled.length - 1, Math.floor(settled.length * share))] ?? 0;
  const faults = Map.groupBy(
    results.flatMap((told) => told.faults),
    (kind) => kind,
  );
  return {
    at: new Date().toISOString(),
    workers,
    histories: results.length,
    seeds: [firstSeed, firstSeed + histories - 1],
    failures: failures.map(({ seed, violations }) => ({ seed, violations })),
    seconds: Math.round(seconds * 10) / 10,
    requests: sum(({ attempts }) => attempts),
    decisions: sum(({ decisions }) => decisions),
    simulatedHours: Math.round(sum(({ lastedMs }) => lastedMs) / 360_000) / 10,
    settledMs: { median: quantile(0.5), p99: quantile(0.99), most: quantile(1) },
    faults: Object.fromEntries([...faults].map(([kind, of]): [string, number] => [kind, of.length]).toSorted()),
  };
}
