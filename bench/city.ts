/**
 * `node bench/city.ts --engine secantusd-rs`: a city of 2,800 stations and 45,000 bikes. Import of its stations, what is near,
 * and reservations at stations beside those of bikes that stand nowhere. README.md says how to read the result.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { createDice } from '../cli/demo/dice.ts';
import { bikesInSeoul, seoul, type CityStation } from '../cli/demo/seoul.ts';
import { importStations } from '../cli/ops/import-stations.ts';
import type { Client } from '../schema/client/client.ts';
import {
  BikesNearDocument,
  MoveBikesDocument,
  RegisterBikesDocument,
  StationsNearDocument,
} from '../schema/client/generated/graphql.ts';
import { districts, stationIdOf } from '../schema/places.ts';
import { checkInvariants } from '../test/support/invariants.ts';
import { answered } from '../test/support/people.ts';
import { readOptions } from '../schema/script-options.ts';
import { machine, versions } from './environment.ts';
import { openMap } from './event-to-screen.ts';
import { evenly, runLoad, type LoadOptions } from './load.ts';
import { operationsPer } from './operation-counts.ts';
import { measureUsage } from './process-usage.ts';
import { registerBikes, signInRiders, untilAllHandled, untilIdle, untilQuiet } from './seeding.ts';
import { distributionOf, median, round } from './statistics.ts';
import { startSystemUnderTest, type SystemUnderTest } from './system-under-test.ts';

const values = readOptions({
  engine: { type: 'string', default: 'secantusdb' },
  bikes: { type: 'string', default: String(bikesInSeoul) },
  /** Questions of each kind, one after the other. */
  questions: { type: 'string', default: '500' },
  /** Reservations a second; 0: none are asked for. */
  rate: { type: 'string', default: '53' },
  seconds: { type: 'string', default: '20' },
  repeats: { type: 'string', default: '3' },
  /** Counts database commands and requests, which makes all a little slower. */
  operations: { type: 'boolean', default: false },
});
const [bikes, questions, rate, seconds, repeats] = [
  Number(values.bikes),
  Number(values.questions),
  Number(values.rate),
  Number(values.seconds),
  Number(values.repeats),
];
/** What one mutation may have. */
const linesPerCall = 500;
/** Questions that fill caches and let V8 compile, not counted. */
const warmUp = 100;
const checkWithinMs = 120_000;
/** How long an answer of open data lasts: then another is made, if anything has changed. */
const openDataLastsMs = 1_000;
const dice = createDice(1);
const city = seoul(dice);
const stationIds = city.map(({ number }) => stationIdOf(number));
const say = (line: string) => process.stderr.write(`${line}\n`);

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());
const directory = await mkdtemp(join(tmpdir(), 'city-'));
try {
  const system = await startSystemUnderTest({
    directory,
    engine: values.engine,
    processes: 'one',
    countOperations: values.operations,
    settings: {},
  });
  try {
    await measure(system);
  } finally {
    await system.close();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function measure(system: SystemUnderTest): Promise<void> {
  const loadBefore = round(loadavg()[0] ?? NaN);
  const operator = await system.client('operator', 'operator');
  const imported = await measureImport(operator);
  say(`Stations: ${JSON.stringify(imported)}`);
  const parked = await measureParking(system, operator);
  say(`Bikes: ${JSON.stringify(parked)}`);
  const near = await measureNear(system, await system.client('rider-1', 'rider'));
  say(`Near: ${JSON.stringify(near)}`);
  const openData = await measureOpenData(system, operator);
  say(`Open data: ${JSON.stringify(openData)}`);
  const reservations = rate > 0 ? await measureReservations(system, operator) : undefined;
  say('Checking the invariants …');
  const invariants = await checkInvariants(system, checkWithinMs).then(() => 'hold', String);
  say(`Invariants: ${invariants}`);
  const result = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { ...(await versions()), servers: system.servers },
    options: values,
    loadAverage: { before: loadBefore, after: round(loadavg()[0] ?? NaN) },
    stations: imported,
    bikes: parked,
    near,
    openData,
    ...(reservations ? { reservations } : {}),
    invariants,
    warnings: system.warnings,
  };
  const file = join(import.meta.dirname, 'results', `city-${values.engine}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  say(`Written to ${file}`);
  if (invariants !== 'hold') process.exitCode = 1;
}

/** The city's file, as an operator imports it, and the same once more. */
async function measureImport(operator: Client) {
  const file = join(directory, 'stations.csv');
  await writeFile(file, csvOf(city));
  const timed = async () => {
    const startedAt = performance.now();
    const outcomes = await importStations(operator, file, false, () => undefined);
    const ms = Math.round(performance.now() - startedAt);
    const count = (outcome: string) => outcomes.filter((line) => line.outcome === outcome).length;
    return { lines: outcomes.length, opened: count('opened'), same: count('same'), ms };
  };
  const first = await timed();
  return { first, again: await timed() };
}

function csvOf(stations: readonly CityStation[]): string {
  const lines = stations.map(({ number, nameKo, district, position: { latitude, longitude }, racks }) =>
    [number, nameKo, districts[district].ko, latitude, longitude, racks].join(','),
  );
  return `${['대여소번호,대여소명,자치구,위도,경도,거치대수', ...lines].join('\n')}\n`;
}

/** Registers the bikes, and puts each at a station. */
async function measureParking(system: SystemUnderTest, operator: Client) {
  const bikeIds: number[] = [];
  const costOfRegistering = await startCosting(system);
  const registering = performance.now();
  while (bikeIds.length < bikes && !stopping.signal.aborted) {
    const lines = Array.from({ length: Math.min(linesPerCall, bikes - bikeIds.length) }, () => ({ color: 'green' }));
    const input = { bikes: lines.map((line) => ({ ...line, idempotencyKey: randomUUID() })) };
    const { registerBikes: made } = await answered(() => operator.request(RegisterBikesDocument, { input }));
    for (const { bike } of made.results) if (bike) bikeIds.push(bike.bikeId);
  }
  const registered = Math.round(performance.now() - registering);
  // Nothing is moved before reservation has heard of it, and nothing asked before all have heard of the moves.
  await untilAllHandled(system);
  const register = await costOfRegistering(bikeIds.length);
  const costOfMoving = await startCosting(system);
  const moving = performance.now();
  const refused = await park(operator, bikeIds);
  const moved = Math.round(performance.now() - moving);
  await untilAllHandled(system);
  const move = await costOfMoving(bikeIds.length);
  await untilIdle(system);
  return { bikes: bikeIds.length, registerMs: registered, moveMs: moved, refused, register, move };
}

/** Moves each to some station; gives how many were refused. */
async function park(operator: Client, bikeIds: readonly number[]): Promise<number> {
  let refused = 0;
  for (let from = 0; from < bikeIds.length && !stopping.signal.aborted; from += linesPerCall) {
    const moves = bikeIds
      .slice(from, from + linesPerCall)
      .map((bikeId) => ({ bikeId, stationId: dice.pick(stationIds) ?? null }));
    const { moveBikes } = await answered(() => operator.request(MoveBikesDocument, { input: { moves } }));
    refused += moveBikes.results.filter(({ refusal }) => refusal).length;
  }
  return refused;
}

/** Questions from all over the city, each after the answer to the one before: through the router, and without load. */
async function measureNear(system: SystemUnderTest, rider: Client) {
  const nowhere = { latitude: 37.55, longitude: 126.99 };
  const kinds = {
    stations: (near: typeof nowhere) => rider.request(StationsNearDocument, { near, filter: { state: 'OPEN' } }),
    stationsWithin500Meters: (near: typeof nowhere) =>
      rider.request(StationsNearDocument, { near, withinMeters: 500, filter: { state: 'OPEN' } }),
    bikes: (near: typeof nowhere) => rider.request(BikesNearDocument, { near, available: true }),
    bikesWithin300Meters: (near: typeof nowhere) =>
      rider.request(BikesNearDocument, { near, withinMeters: 300, available: true }),
  };
  const results: Record<string, object> = {};
  for (const [kind, ask] of Object.entries(kinds)) {
    const times: number[] = [];
    let stopUsage: ReturnType<typeof measureUsage> | undefined;
    let countPer: Awaited<ReturnType<typeof startCounting>> | undefined;
    for (let index = -warmUp; index < questions && !stopping.signal.aborted; index += 1) {
      if (index === 0) {
        countPer = await startCounting(system);
        stopUsage = measureUsage(system.pids);
      }
      const { position } = dice.pick(city) ?? { position: nowhere };
      // Never twice the same question.
      const aside = () => (dice.below(2_000) - 1_000) / 200_000;
      const startedAt = performance.now();
      await ask({ latitude: position.latitude + aside(), longitude: position.longitude + aside() });
      if (index >= 0) times.push(performance.now() - startedAt);
    }
    const used = stopUsage?.();
    const cpuMsEach = Object.entries(used?.cpuMs ?? {}).map(([name, ms]) => [name, round(ms / questions)] as const);
    const counted = await countPer?.(questions);
    results[kind] = { ms: distributionOf(times), cpuMsEach: Object.fromEntries(cpuMsEach), ...counted };
  }
  return results;
}

/** Begins to measure; the function it gives says what one of so many cost, until all had handled it. */
async function startCosting(system: SystemUnderTest) {
  const countPer = await startCounting(system);
  const startedAt = performance.now();
  const stopUsage = measureUsage(system.pids);
  return async (times: number) => {
    const { cpuMs, coresBusyWithOthers } = stopUsage();
    const each = Object.entries(cpuMs).map(([name, ms]) => [name, round(ms / times)] as const);
    return {
      untilAllHandledMs: Math.round(performance.now() - startedAt),
      cpuMsEach: Object.fromEntries(each),
      coresBusyWithOthers,
      ...(await countPer(times)),
    };
  };
}

/** Begins to count; the function it gives says what one of so many cost, nothing without `--operations`. */
async function startCounting(system: SystemUnderTest) {
  const before = await system.operations?.();
  return async (times: number) => {
    const after = await system.operations?.();
    return before && after ? { operations: operationsPer(times, before.operations, after.operations) } : {};
  };
}

/** Feeds that tell of all bikes or stations: asked anew after a change each time, and again while nothing changes. */
async function measureOpenData(system: SystemUnderTest, operator: Client) {
  const paths = {
    vehicleStatus: '/gbfs/3.0/vehicle_status.json',
    stationStatus: '/gbfs/3.0/station_status.json',
    bikeList: '/openapi/key/json/bikeList/1/1000/',
  };
  const results: Record<string, object> = {};
  for (const [name, path] of Object.entries(paths)) {
    const changed: number[] = [];
    const unchanged: number[] = [];
    let bytes = 0;
    for (let round = 0; round < Math.min(20, questions) && !stopping.signal.aborted; round += 1) {
      await park(operator, [1 + dice.below(bikes)]);
      await delay(openDataLastsMs + 100);
      for (const times of [changed, unchanged]) {
        const startedAt = performance.now();
        bytes = await bytesOf(`${system.routerUrl}${path}`);
        times.push(performance.now() - startedAt);
      }
    }
    results[name] = {
      compressedBytes: bytes,
      changedMs: distributionOf(changed),
      unchangedMs: distributionOf(unchanged),
    };
  }
  return results;
}

/** As readers ask for it; what comes is not unpacked. @throws {Error} for any other answer than 200. */
async function bytesOf(url: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  get(url, { headers: { 'accept-encoding': 'br, gzip' } }, (response) => {
    if (response.statusCode !== 200) reject(new Error(`${url} answers ${response.statusCode}.`));
    buffer(response).then(({ length }) => resolve(length), reject);
  }).on('error', reject);
  return promise;
}

/** Stories of three kinds in turn, on one system. */
async function measureReservations(system: SystemUnderTest, operator: Client) {
  // Room for stories of ten seconds, as in reservations.ts.
  const places = Math.ceil(rate * 10);
  say(`Seeding ${places} bikes that stand nowhere, as many at stations, and ${places} riders …`);
  const free = await registerBikes(operator, places);
  const standing = await registerBikes(operator, places);
  const riders = await signInRiders(system, places);
  await untilQuiet(operator);
  await park(operator, standing);
  const common = { riders, pauseMs: 100, signal: stopping.signal };
  const kinds: Record<string, Omit<LoadOptions, 'schedule'>> = {
    withoutStations: { ...common, bikeIds: free },
    atStations: { ...common, bikeIds: standing, stationIds },
    // Bikes are not known before, but the pool limits how many are out at a time.
    byStation: { ...common, bikeIds: standing, stationIds, byStation: true },
  };
  const runs: Record<string, object[]> = {};
  const p99s: Record<string, number[]> = {};
  const map = openMap(operator, await system.client('somebody', 'rider'));
  for (const load of Object.values(kinds)) await runLoad({ ...load, schedule: evenly(rate, 5) });
  for (let repeat = 0; repeat < repeats && !stopping.signal.aborted; repeat += 1) {
    for (const [kind, load] of Object.entries(kinds)) {
      await untilQuiet(operator);
      map.reset();
      const countPer = await startCounting(system);
      const stopUsage = measureUsage(system.pids);
      const result = await runLoad({ ...load, schedule: evenly(rate, seconds) });
      const used = stopUsage();
      const { asked, completed, reserveBike, story, refusals, errors } = result;
      const each = Object.entries(used.cpuMs).map(([name, ms]) => [name, round(ms / Math.max(1, completed))] as const);
      const run = {
        asked,
        completed,
        reserveBike,
        story,
        refusals,
        errors,
        cpuMsEach: Object.fromEntries(each),
        eventToMap: map.latencies(),
        ...(await countPer(completed)),
      };
      say(`${kind}: ${JSON.stringify(run)}`);
      (runs[kind] ??= []).push({ ...run, coresBusyWithOthers: used.coresBusyWithOthers });
      (p99s[kind] ??= []).push(reserveBike.p99);
    }
  }
  const medians = Object.entries(p99s).map(([kind, p99]) => [kind, median(p99)] as const);
  return { reserveBikeP99: Object.fromEntries(medians), runs };
}
