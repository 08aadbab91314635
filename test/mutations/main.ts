/**
 * `npm run test:mutations -- [--name part] [--minutes 4]`: puts one mutation after the other into the code as it is loaded,
 * runs the checker that must catch it, and keeps what it said in bench/results/mutations.json. What stands there already
 * stays, so that it can be done in several goes: `--again` begins anew. Every checker is run without a mutation first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutations, type Check } from './mutations.ts';

interface Caught {
  /** The mutation, or '' for the checker alone. */
  name: string;
  file: string;
  checker: string;
  /** The first thing that the checker said; null when it was satisfied. */
  said: string | null;
  seconds: number;
}

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: '' },
    minutes: { type: 'string', default: '60' },
    again: { type: 'boolean', default: false },
  },
});
const root = join(import.meta.dirname, '../..');
const resultsFile = join(root, 'bench/results/mutations.json');
const deadline = performance.now() + Number(values.minutes) * 60_000;
const known = values.again ? [] : await readResults();
const scratch = await mkdtemp(join(tmpdir(), 'mutations-'));

try {
  const wanted = mutations.filter(({ name }) => name.includes(values.name));
  for (const { name, file, caughtBy } of wanted) {
    const checker = tell(caughtBy);
    if (!known.some((one) => one.name === '' && one.checker === checker)) await check('', '', caughtBy);
    if (!known.some((one) => one.name === name && one.checker === checker)) await check(name, file, caughtBy);
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

const current = known.filter(isCurrent);
const missed = mutations.filter(({ name }) => !current.some((one) => one.name === name && one.said !== null));
const unhappy = current.filter(({ name, said }) => name === '' && said !== null);
for (const { checker, said } of unhappy) console.log(`without any mutation, ${checker} says: ${said ?? ''}`);
for (const { name } of missed) console.log(`not caught: ${name}`);
console.log(`${mutations.length - missed.length} of ${mutations.length} caught`);
process.exitCode = missed.length + unhappy.length === 0 ? 0 : 1;

/** Says whether the list of mutations still has it, with this checker. */
function isCurrent({ name, checker }: Caught): boolean {
  return mutations.some((mutation) => tell(mutation.caughtBy) === checker && ['', mutation.name].includes(name));
}

async function check(name: string, file: string, how: Check): Promise<void> {
  if (performance.now() > deadline) return;
  const startedAt = performance.now();
  const said = 'specification' in how ? await specify(name, how) : await live(name, how);
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  const result: Caught = { name, file, checker: tell(how), said, seconds };
  known.push(result);
  console.log(`${name || 'no mutation'} | ${result.checker} | ${said ?? 'satisfied'} | ${seconds} s`);
  await writeFile(resultsFile, `${JSON.stringify(known.filter(isCurrent), null, 1)}\n`);
}

function tell(check: Check): string {
  if ('specification' in check) return `specification ${check.specification}`;
  return `fault run, seed ${check.seed}: ${check.faults.join(', ')}`;
}

async function specify(mutation: string, { specification, project }: Extract<Check, { specification: string }>) {
  const out = join(scratch, 'jest.json');
  const jest = [
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--config',
    'test/mutations/jest.config.js',
  ];
  await run(mutation, [
    ...jest,
    ...['--selectProjects', project, '--testPathPatterns', specification, '--json', '--outputFile', out],
  ]);
  const { testResults } = await readJson<{ testResults: { assertionResults: Assertion[] }[] }>(out);
  const assertions = testResults.flatMap(({ assertionResults }) => assertionResults);
  if (assertions.length === 0) throw new Error(`${specification} ran no test`);
  return assertions.find(({ status }) => status === 'failed')?.fullName ?? null;
}

interface Assertion {
  fullName: string;
  status: string;
}

async function live(mutation: string, { faults, seed }: Extract<Check, { faults: readonly string[] }>) {
  const out = join(scratch, 'faults.json');
  const how = [
    '--runs',
    '1',
    '--seed',
    String(seed),
    '--only',
    faults.join(','),
    '--settle-seconds',
    '10',
    '--out',
    out,
  ];
  await run(mutation, ['test/faults/main.ts', ...how]);
  const { runs } = await readJson<{ runs: { violations: string[] }[] }>(out);
  return runs[0]?.violations[0] ?? null;
}

async function run(mutation: string, command: string[]): Promise<void> {
  const env = { ...process.env, MUTATION: mutation };
  const child = spawn(process.execPath, command, { cwd: root, env, stdio: ['ignore', 'ignore', 'ignore'] });
  const end = () => void child.kill('SIGTERM');
  process.once('SIGTERM', end);
  await once(child, 'exit');
  process.off('SIGTERM', end);
}

async function readJson<Shape>(file: string): Promise<Shape> {
  const text = await readFile(file, 'utf8');
  await rm(file);
  return JSON.parse(text) as Shape;
}

async function readResults(): Promise<Caught[]> {
  return readFile(resultsFile, 'utf8').then(
    (text) => JSON.parse(text) as Caught[],
    () => [],
  );
}
