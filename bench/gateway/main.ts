import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions, wholeNumberIn } from '../../schema/script-options.ts';
import { machine, versions } from '../environment.ts';
import { median } from '../statistics.ts';
import { contestants, type Contestant } from './contestants.ts';
import { fanOutScenarios, measureFanOut } from './fan-out.ts';
import { measureMoves } from './moves.ts';
import { measureRequests, requestScenarios } from './requests.ts';

const usage = `npm run bench:gateway -- [--rounds 3] [--seconds 6] [--events 30] [--moves 20] [--only "ours;apollo"] [--scenarios "nested;small"] [--out bench/results/gateway.json] [--profile DIR] [--add]
  Gateways before the same four subgraphs, in turn, on one core; subgraphs, load and listeners on the other.
  With --add, what was measured before stays in the file: a long run in pieces.
  Hive Gateway is measured if it is installed in a folder named by HIVE_GATEWAY (npm i @graphql-hive/gateway
  @graphql-hive/router-runtime there), Hive Router, in Rust, if HIVE_ROUTER does (cargo install hive-router --locked
  --root DIR). Scenarios: all that begin with one of the names.`;

const options = readOptions({
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '6' },
  events: { type: 'string', default: '30' },
  moves: { type: 'string', default: '20' },
  only: { type: 'string' },
  scenarios: { type: 'string' },
  profile: { type: 'string' },
  add: { type: 'boolean', default: false },
  out: { type: 'string', default: join(import.meta.dirname, '../results/gateway.json') },
  help: { type: 'boolean', default: false },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const rounds = wholeNumberIn(options, 'rounds', 1, 1_000);
const seconds = wholeNumberIn(options, 'seconds', 1, 3_600);
const events = wholeNumberIn(options, 'events', 1, 100_000);
const moves = wholeNumberIn(options, 'moves', 1, 10_000);

type Figures = Record<string, number>;

interface Measurement {
  name: string;
  contestants: Contestant[];
  measure(contestant: Contestant): Promise<Figures>;
}

const all = contestants(options.profile).filter(({ name }) => !options.only || options.only.split(';').includes(name));
const measurements: Measurement[] = [
  ...requestScenarios.map((scenario) => {
    const reference: { data?: unknown } = {};
    const measure = (contestant: Contestant) => measureRequests(contestant, scenario, reference, seconds);
    return { name: scenario.name, contestants: all.filter(({ onlySubscriptions }) => !onlySubscriptions), measure };
  }),
  {
    name: 'moved subgraphs',
    contestants: all.filter(({ reloads }) => reloads),
    measure: (contestant: Contestant) => measureMoves(contestant, moves),
  },
  ...fanOutScenarios.map((scenario) => ({
    name: scenario.name,
    contestants: all.filter(({ hasSubscriptions }) => hasSubscriptions),
    measure: (contestant: Contestant) => measureFanOut(contestant, scenario, events),
  })),
].filter(({ name }) => !options.scenarios || options.scenarios.split(';').some((begin) => name.startsWith(begin)));

type Results = Record<string, Record<string, Figures[]>>;

const { results = {}, contestants: before = {} } = (
  options.add ? JSON.parse(readFileSync(options.out, 'utf8')) : {}
) as { results?: Results; contestants?: Record<string, string> };

const tested = await versions();

/** After each measurement, because the last may be long in coming. */
function record(): void {
  writeFileSync(
    options.out,
    `${JSON.stringify(
      {
        measuredAt: new Date().toISOString(),
        ...machine(),
        ...tested,
        contestants: { ...before, ...Object.fromEntries(all.map(({ name, version }) => [name, version])) },
        medians: mapValues(results, (of) => mapValues(of, mediansOf)),
        results,
      },
      null,
      2,
    )}\n`,
  );
}

for (const measurement of measurements) {
  const failed = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    // In turn, so that what else the machine does hits all of them.
    for (const contestant of measurement.contestants) {
      const { name } = contestant;
      if (failed.has(name)) continue;
      try {
        const measured = await measurement.measure(contestant);
        ((results[measurement.name] ??= {})[name] ??= []).push(measured);
        record();
        console.log(measurement.name.padEnd(24), name.padEnd(22), JSON.stringify(measured));
      } catch (error) {
        failed.add(name);
        console.log(measurement.name.padEnd(24), name.padEnd(22), String(error));
      }
    }
  }
}

function mediansOf(rounds: Figures[]): Figures {
  return Object.fromEntries(
    Object.keys(rounds[0] ?? {}).map((figure) => [figure, median(rounds.map((each) => each[figure] ?? NaN))]),
  );
}

function mapValues<Value, Result>(of: Record<string, Value>, map: (value: Value) => Result) {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, map(value)]));
}
