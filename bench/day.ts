/**
 * `npm run load -- --times 10`: a day of the city against a system of its own. Requests come at random, as many an hour as
 * Seoul's riders make in that hour (share of a day, mean of January 2024 to April 2025), the busiest hour at 5.3 a second
 * times `--times`; an hour lasts `--hour-seconds`. README.md says how to read the result.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDice, type Dice } from '../cli/demo/dice.ts';
import { readOptions, refuse } from '../schema/script-options.ts';
import { checkInvariants } from '../test/support/invariants.ts';
import { machine, versions } from './environment.ts';
import { openScreen } from './event-to-screen.ts';
import { runLoad } from './load.ts';
import { measureUsage, memoryMbOf } from './process-usage.ts';
import { registerBikes, signInRiders, untilQuiet } from './seeding.ts';
import { round } from './statistics.ts';
import { storedSizes } from './stored-sizes.ts';
import { startSystemUnderTest } from './system-under-test.ts';

/** Percent of a day's rentals, by hour from midnight. */
const shares = [
  ...[2.01, 1.4, 0.93, 0.66, 0.56, 1.03, 2.2, 5.21, 7.55, 4.33, 3.46, 3.95],
  ...[4.38, 4.39, 4.5, 5.06, 6.17, 8.21, 9.93, 6.68, 5.55, 5.04, 4.19, 2.61],
];
/** Reservations a second in the busiest hour of June 2025. */
const cityPeak = 5.3;
/** Mean ride of a resident, in hours. */
const rideHours = 27 / 60;
const pauseMs = 300;
const checkWithinMs = 180_000;
const say = (line: string) => process.stderr.write(`${line}\n`);

const values = readOptions({
  times: { type: 'string', default: '1' },
  engine: { type: 'string', default: 'secantusdb' },
  'hour-seconds': { type: 'string', default: '15' },
  bikes: { type: 'string', default: '45000' },
  riders: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
});
const numberOf = (name: 'times' | 'hour-seconds' | 'bikes' | 'riders' | 'seed') => {
  const value = Number(values[name]);
  if (value > 0 && value <= 1_000_000) return value;
  return refuse(`--${name} is "${values[name]}". It must be a number above 0, at most 1000000.`);
};
const [times, hourSeconds, bikes, riders, seed] = [
  numberOf('times'),
  numberOf('hour-seconds'),
  Math.ceil(numberOf('bikes')),
  Math.ceil(numberOf('riders')),
  numberOf('seed'),
];

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());
const directory = await mkdtemp(join(tmpdir(), 'day-'));
try {
  await main(directory, stopping.signal);
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function main(directory: string, signal: AbortSignal): Promise<void> {
  const { engine } = values;
  const system = await startSystemUnderTest({
    directory,
    engine,
    processes: 'one',
    countOperations: false,
    settings: {},
  });
  try {
    const operator = await system.client('operator', 'operator');
    const start = { memoryMb: memoryOf(system.pids), diskMb: await diskMbOf(directory) };
    say(`Registering ${bikes} bikes …`);
    const bikeIds = await registerBikes(operator, bikes);
    await untilQuiet(operator);
    const withBikes = { memoryMb: memoryOf(system.pids), diskMb: await diskMbOf(directory) };
    say(`Signing in ${riders} riders, who buy points …`);
    const people = await signInRiders(system, riders);
    await untilQuiet(operator);
    const withRiders = { memoryMb: memoryOf(system.pids), diskMb: await diskMbOf(directory) };

    const schedule = arrivals(createDice(seed));
    say(`${schedule.length} reservations in ${shares.length} hours of ${hourSeconds} s …`);
    const screen = openScreen(operator);
    const stopUsage = measureUsage(system.pids);
    const load = await runLoad({
      schedule,
      riders: people,
      bikeIds,
      pauseMs,
      rideMs: rideHours * hourSeconds * 1_000,
      sliceMs: hourSeconds * 1_000,
      signal,
    });
    const used = stopUsage();
    const drainMs = await untilQuiet(operator);
    const end = { memoryMb: memoryOf(system.pids), diskMb: await diskMbOf(directory) };
    say('Checking the invariants …');
    const invariants = await checkInvariants(system, checkWithinMs).then(() => 'hold', String);
    const { slices, ...whole } = load;
    const result = {
      date: new Date().toISOString(),
      machine: machine(),
      versions: { ...(await versions()), servers: system.servers },
      options: values,
      load: whole,
      hours: slices.map((reserveBike, hour) => ({ hour, rate: round(rateOf(hour)), reserveBike })),
      screen: screen.latencies().all,
      drainMs,
      cpuMsPerReservation: Object.fromEntries(
        Object.entries(used.cpuMs).map(([name, ms]) => [name, round(ms / Math.max(1, load.completed))]),
      ),
      coresBusyWithOthers: used.coresBusyWithOthers,
      growth: { start, withBikes, withRiders, end },
      stored: await storedSizes(system),
      invariants,
      warnings: system.warnings,
    };
    const file = join(import.meta.dirname, 'results', `day-${engine}-${times}.json`);
    await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
    say(
      `${load.completed} of ${load.asked} complete, reserveBike p50 ${load.reserveBike.p50} p99 ${load.reserveBike.p99} ms`,
    );
    say(`Invariants: ${invariants}. Written to ${file}`);
    if (invariants !== 'hold') process.exitCode = 1;
  } finally {
    await system.close();
  }
}

/** Reservations a second in an hour of the day. */
function rateOf(hour: number): number {
  return (cityPeak * times * (shares[hour] ?? 0)) / Math.max(...shares);
}

/** When requests come, in ms: people do not know of each other, so the gaps are exponential. */
function arrivals(dice: Dice): number[] {
  const due: number[] = [];
  const end = shares.length * hourSeconds * 1_000;
  for (let at = 0; ;) {
    const rate = rateOf(Math.floor(at / (hourSeconds * 1_000)));
    at += (-Math.log(1 - dice.between(0, 1)) * 1_000) / rate;
    if (at >= end) return due;
    due.push(at);
  }
}

function memoryOf(pids: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, memoryMbOf(pid).rss]));
}

/** Space that each server's folder takes, in MB. */
async function diskMbOf(folder: string): Promise<Record<string, number>> {
  const names = await readdir(folder, { withFileTypes: true });
  const sizes = names
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }) => {
      const files = await readdir(join(folder, name), { recursive: true });
      // What a server removes meanwhile takes no space.
      const stats = await Promise.all(files.map((file) => stat(join(folder, name, file)).catch(() => undefined)));
      const bytes = stats.reduce((sum, one) => sum + (one?.isFile() ? one.blocks * 512 : 0), 0);
      return [name, round(bytes / 2 ** 20)] as const;
    });
  return Object.fromEntries(await Promise.all(sizes));
}
