/**
 * `npm run test:mutations -- [--name part] [--minutes 4]`: puts one mutation after the other into the code as it is
 * loaded, runs the checker that must catch it, and keeps the result in bench/results/mutations.json. Existing results
 * stay, so that the run can be split; `--again` discards them. Every checker is first run without a mutation.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { readOptions, wholeNumberIn } from '../../schema/script-options.ts';
import { mutations, type Check } from './mutations.ts';

interface Caught {
  /** The mutation, or '' for the checker without one. */
  name: string;
  file: string;
  checker: string;
  /** The checker's first failure; null when it passed. */
  said: string | null;
  seconds: number;
}

const values = readOptions({
  name: { type: 'string', default: '' },
  minutes: { type: 'string', default: '60' },
  again: { type: 'boolean', default: false },
});
const root = join(import.meta.dirname, '../..');
const resultsFile = join(root, 'bench/results/mutations.json');
const tableFile = join(root, 'docs/mutations.md');
const deadline = performance.now() + wholeNumberIn(values, 'minutes', 1, 100_000) * 60_000;
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
await writeFile(tableFile, await table());
const missed = mutations.filter(({ name }) => !current.some((one) => one.name === name && one.said !== null));
const unhappy = current.filter(({ name, said }) => name === '' && said !== null);
for (const { checker, said } of unhappy) console.log(`without any mutation, ${checker} says: ${said ?? ''}`);
for (const { name } of missed) console.log(`not caught: ${name}`);
console.log(`${mutations.length - missed.length} of ${mutations.length} caught`);
process.exitCode = missed.length + unhappy.length === 0 ? 0 : 1;

/** The results as text. */
async function table(): Promise<string> {
  const cell = (text: string) => text.replaceAll('|', '\\|').slice(0, 160);
  const lines = mutations.map(({ name, file, caughtBy }) => {
    const { said } = current.find((one) => one.name === name && one.checker === tell(caughtBy)) ?? { said: null };
    return `| ${cell(name)} | \`${file}\` | ${tell(caughtBy)} | ${said === null ? '**nothing**' : cell(said)} |`;
  });
  const text = `# Mutations

Defects put into the code on purpose, one at a time, and what the check that must catch it said first. A check that none of
them turns red proves nothing. Written by \`npm run test:mutations\` ([test/mutations](../test/mutations/mutations.ts)).

| defect | where | check | what it said |
| ------ | ----- | ----- | ------------ |
${lines.join('\n')}
`;
  return format(text, { parser: 'markdown', ...(await resolveConfig(tableFile)) });
}

/** Whether the list of mutations still has it, with this checker. */
function isCurrent({ name, checker }: Caught): boolean {
  return mutations.some((mutation) => tell(mutation.caughtBy) === checker && ['', mutation.name].includes(name));
}

async function check(name: string, file: string, how: Check): Promise<void> {
  if (performance.now() > deadline) return;
  const startedAt = performance.now();
  const said = 'specification' in how ? await specify(name, how) : await simulate(name, how);
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  const result: Caught = { name, file, checker: tell(how), said, seconds };
  known.push(result);
  console.log(`${name || 'no mutation'} | ${result.checker} | ${said ?? 'satisfied'} | ${seconds} s`);
  await writeFile(resultsFile, `${JSON.stringify(known.filter(isCurrent), null, 1)}\n`);
}

function tell(check: Check): string {
  if ('specification' in check) return `specification ${check.specification}`;
  return `simulation of ${check.simulation} histories`;
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

async function simulate(mutation: string, { simulation }: Extract<Check, { simulation: number }>) {
  const out = join(scratch, 'simulation.json');
  const how = ['--workers', '1', '--stop-at-first', '--shrink-seconds', '0', '--out', out];
  const hook = join(import.meta.dirname, 'hook.ts');
  await run(mutation, ['--import', hook, 'test/simulation/main.ts', '--histories', String(simulation), ...how]);
  const { failures } = await readJson<{ failures: { seed: number; violations: string[] }[] }>(out);
  const [first] = failures;
  return first ? `seed ${first.seed}: ${first.violations[0] ?? ''}` : null;
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
