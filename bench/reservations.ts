/** `node bench/reservations.ts`: what a reservation costs, end to end, at a constant rate. README.md says how to read it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Client } from '../schema/client/client.ts';
import { checkInvariants } from '../test/support/invariants.ts';
import { machine, versions } from './environment.ts';
import { openScreen, type Screen } from './event-to-screen.ts';
import { evenly, runLoad, type LoadResult } from './load.ts';
import { raceForOneBike } from './one-bike.ts';
import { operationsPer, type OperationCounts } from './operation-counts.ts';
import type { Pauses } from './pauses.ts';
import { measureUsage, type Usage } from './process-usage.ts';
import { registerBikes, signInRiders, untilQuiet } from './seeding.ts';
import { measureStartUp } from './start-up.ts';
import { median, round } from './statistics.ts';
import { reportStory } from './story-report.ts';
import { startSystemUnderTest, type SystemUnderTest } from './system-under-test.ts';

const engines = ['mongod', 'secantusd-rs', 'secantusdb'];
const usage = `Usage: node bench/reservations.ts [options]
  --engine ${engines.join('|')}   the database (secantusdb)
  --rate N          reservations asked for per second (5.3: the city's busiest hour)
  --seconds S       of each measured run (60)
  --repeats N       measured runs; the table shows medians (3)
  --processes one|many   (one)
  --start-up        measure start-up time and idle memory too
  --operations      count database commands and pauses (a little slower; one process only)
  --story           tell what one story does, alone and at the rate, and compare it with the budget; measures no more
  --profile DIR     leave CPU profiles in DIR (slower; one process only)
  --set NAME=VALUE  a setting of .env.example; may be given several times
  --name NAME       of the result in bench/results (engine-processes-rate)`;

interface Options {
  engine: string;
  rate: number;
  seconds: number;
  repeats: number;
  processes: 'one' | 'many';
  startUp: boolean;
  operations: boolean;
  story: boolean;
  profile: string | undefined;
  settings: Record<string, string>;
  name: string;
}

class OptionError extends Error {
  override name = 'OptionError';
}

/** @throws {OptionError} with a line for a person. */
function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'secantusdb' },
      rate: { type: 'string', default: '5.3' },
      seconds: { type: 'string', default: '60' },
      repeats: { type: 'string', default: '3' },
      processes: { type: 'string', default: 'one' },
      'start-up': { type: 'boolean', default: false },
      operations: { type: 'boolean', default: false },
      story: { type: 'boolean', default: false },
      profile: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      name: { type: 'string' },
    },
  });
  const number = (name: 'rate' | 'seconds' | 'repeats', most: number) => {
    const value = Number(values[name]);
    if (value > 0 && value <= most) return value;
    throw new OptionError(`--${name} is "${values[name]}". It must be a number above 0, at most ${most}.`);
  };
  const { engine, processes, operations, story, profile } = values;
  if (!engines.includes(engine)) throw new OptionError(`--engine is "${engine}". It may be ${engines.join(', ')}.`);
  if (processes !== 'one' && processes !== 'many') throw new OptionError(`--processes is "${processes}".`);
  if (processes === 'many' && (operations || story || profile))
    throw new OptionError('--operations, --story and --profile need one process.');
  const rate = number('rate', 10_000);
  return {
    engine,
    rate,
    seconds: number('seconds', 3_600),
    repeats: Math.ceil(number('repeats', 100)),
    processes,
    startUp: values['start-up'],
    operations: operations || story,
    story,
    profile,
    settings: Object.fromEntries(values.set.map(settingOf)),
    name: values.name ?? `${engine}-${processes}-${rate}`,
  };
}

function settingOf(text: string): [string, string] {
  const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new OptionError(`--set is "${text}". It must be NAME=VALUE.`);
  return [name, value];
}

interface Run {
  load: LoadResult;
  /** Event to screen, in ms. */
  screen: ReturnType<Screen['latencies']>;
  cpuMsPerReservation: Record<string, number>;
  usage: Usage;
  loadAverage: { before: number; after: number };
  /** From the last answer until the dashboard had handled every event. */
  drainMs: number;
  operations?: OperationCounts;
  /** Of Node; only with `--operations`. */
  pauses?: Pauses;
}

const pauseMs = 100;
const warmUpSeconds = 10;
const racers = 200;
const say = (line: string) => process.stderr.write(`${line}\n`);

async function measure(options: Options, system: SystemUnderTest, signal: AbortSignal) {
  const operator = await system.client('operator', 'operator');
  // Room for stories of ten seconds: more wait in line, which counts as latency.
  const places = Math.max(40, Math.ceil(options.rate * 10));
  say(`Seeding ${places} bikes and ${Math.max(racers, places)} riders …`);
  const bikeIds = await registerBikes(operator, places);
  const riders = await signInRiders(system, Math.max(racers, places));
  await untilQuiet(operator);
  const screen = openScreen(operator);
  const load = { riders, bikeIds, pauseMs, signal };
  say(`Warming up for ${warmUpSeconds} s …`);
  await runLoad({ ...load, schedule: evenly(options.rate, warmUpSeconds) });
  await untilQuiet(operator);

  const runs: Run[] = [];
  for (let index = 0; index < options.repeats && !signal.aborted; index += 1) {
    const run = await measureRun(options, system, operator, screen, load);
    say(`Run ${index + 1}: ${summaryOf(run)}`);
    runs.push(run);
  }
  const races = [];
  for (let index = 0; index < options.repeats && !signal.aborted; index += 1) {
    await untilQuiet(operator);
    const race = await raceForOneBike(riders.slice(0, racers), bikeIds[0] ?? 0);
    say(`${race.riders} riders, one bike: ${race.wallMs} ms ${JSON.stringify(race.outcomes)}`);
    races.push(race);
  }
  await untilQuiet(operator);
  return { runs, races, screenEnded: screen.ended() };
}

async function measureRun(
  { rate, seconds }: Options,
  system: SystemUnderTest,
  operator: Client,
  screen: Screen,
  load: Omit<Parameters<typeof runLoad>[0], 'schedule'>,
): Promise<Run> {
  const before = loadavg()[0] ?? NaN;
  const operationsBefore = await system.operations?.();
  screen.reset();
  const stopUsage = measureUsage(system.pids);
  const result = await runLoad({ ...load, schedule: evenly(rate, seconds) });
  const used = stopUsage();
  const drainMs = await untilQuiet(operator);
  const operationsAfter = await system.operations?.();
  const perReservation = (ms: number) => round(ms / Math.max(1, result.completed));
  return {
    load: result,
    screen: screen.latencies(),
    drainMs,
    cpuMsPerReservation: Object.fromEntries(
      Object.entries(used.cpuMs).map(([name, ms]) => [name, perReservation(ms)] as const),
    ),
    usage: used,
    loadAverage: { before: round(before), after: round(loadavg()[0] ?? NaN) },
    ...(operationsBefore && operationsAfter
      ? {
          operations: operationsPer(result.completed, operationsBefore.operations, operationsAfter.operations),
          pauses: operationsAfter.pauses,
        }
      : {}),
  };
}

function summaryOf(run: Run): string {
  const { load, screen, cpuMsPerReservation, usage: used, loadAverage } = run;
  const { reserveBike, story } = load;
  return [
    `${load.completed} of ${load.asked} complete (${load.completedPerSecond}/s)`,
    `reserveBike p50 ${reserveBike.p50} p90 ${reserveBike.p90} p99 ${reserveBike.p99} max ${reserveBike.max} ms`,
    `story p50 ${story.p50} p99 ${story.p99} ms`,
    `screen p50 ${screen.all.p50} p99 ${screen.all.p99} ms, drained in ${run.drainMs} ms`,
    `CPU ms each ${JSON.stringify(cpuMsPerReservation)}`,
    `others ${used.coresBusyWithOthers} cores, load ${loadAverage.before}`,
    ...(run.pauses ? [`pauses ${JSON.stringify(run.pauses)}`] : []),
    `pending ${load.pending} refused ${JSON.stringify(load.refusals)} errors ${JSON.stringify(load.errors)}`,
  ].join('; ');
}

/** The median over the runs of each number that the table shows. */
function mediansOf(runs: readonly Run[]) {
  const of = (pick: (run: Run) => number) => median(runs.map(pick));
  const names = Object.keys(runs[0]?.cpuMsPerReservation ?? {});
  const byProcess = (pick: (run: Run) => Record<string, number>) =>
    Object.fromEntries(names.map((name) => [name, of((run) => pick(run)[name] ?? NaN)]));
  return {
    completedPerSecond: of(({ load }) => load.completedPerSecond),
    reserveBike: {
      p50: of(({ load }) => load.reserveBike.p50),
      p90: of(({ load }) => load.reserveBike.p90),
      p99: of(({ load }) => load.reserveBike.p99),
      max: of(({ load }) => load.reserveBike.max),
    },
    story: { p50: of(({ load }) => load.story.p50), p99: of(({ load }) => load.story.p99) },
    drainMs: of((run) => run.drainMs),
    eventToScreen: { p50: of(({ screen }) => screen.all.p50), p99: of(({ screen }) => screen.all.p99) },
    cpuMsPerReservation: byProcess((run) => run.cpuMsPerReservation),
    rssMb: byProcess((run) => run.usage.rssMb),
    coresBusyWithOthers: of((run) => run.usage.coresBusyWithOthers),
  };
}

async function invariantsOf(system: SystemUnderTest): Promise<string> {
  try {
    await checkInvariants(system, 60_000);
    return 'hold';
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 2_000) : String(error);
  }
}

async function main(options: Options, signal: AbortSignal): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  const startedAt = new Date();
  try {
    if (options.profile) await mkdir(options.profile, { recursive: true });
    const system = await startSystemUnderTest({
      directory,
      engine: options.engine,
      processes: options.processes,
      profileDirectory: options.profile,
      countOperations: options.operations,
      settings: options.settings,
    });
    if (options.story) {
      try {
        await reportStory(system, options, say);
        say(`Invariants: ${await invariantsOf(system)}`);
      } finally {
        await system.close();
      }
      return;
    }
    let measured;
    let invariants;
    try {
      measured = await measure(options, system, signal);
      say('Checking the invariants …');
      invariants = await invariantsOf(system);
      say(`Invariants: ${invariants}`);
    } finally {
      await system.close();
    }
    const startUp = options.startUp && !signal.aborted ? await measureStartUp(options.engine, 3) : undefined;
    if (startUp) say(`Start-up: ${JSON.stringify(startUp)}`);
    const { name, profile: _, ...asked } = options;
    const result = {
      date: startedAt.toISOString(),
      machine: machine(),
      versions: { ...(await versions()), servers: system.servers },
      options: { ...asked, pauseMs, warmUpSeconds },
      medians: mediansOf(measured.runs),
      raceMs: median(measured.races.map(({ wallMs }) => wallMs)),
      ...(startUp ? { startUp } : {}),
      invariants,
      warnings: system.warnings,
      ...measured,
    };
    const file = join(import.meta.dirname, 'results', `${name}.json`);
    await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
    say(`Written to ${file}`);
    process.stdout.write(`${JSON.stringify(result.medians, null, 2)}\n`);
    if (invariants !== 'hold') process.exitCode = 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());
try {
  await main(readOptions(), stopping.signal);
} catch (error) {
  const isOption =
    error instanceof OptionError || String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(isOption ? `${(error as Error).message}\n\n${usage}\n` : `${String(error)}\n`);
  process.exitCode = 1;
}
