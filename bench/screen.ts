/**
 * `node bench/screen.ts`: what the live dashboard costs a browser, and how soon a rider's page is there. Chromium shows 5,000
 * rows while a made-up city streams changes at a constant pace through the real router; only the services behind it are
 * played, so that the pace is exact and the two cores belong to the screen.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { createDevelopmentKeys } from '../deploy/local/development-keys.ts';
import { ttareungi } from '../router/product/product.ts';
import { startRouter } from '../router/router.ts';
import { startTestSubgraph, type TestSubgraph } from '../router/testing/subgraph-server.ts';
import type { SubgraphName } from '../schema/subgraphs.ts';
import { createTokenVerifier, processSettings, readConfig } from '../platform/server/index.ts';
import { launchChromium } from '../test/browser/launch.ts';
import { until } from '../test/support/until.ts';
import { readOptions } from '../schema/script-options.ts';
import { machine, versions } from './environment.ts';
import { measureUsage } from './process-usage.ts';
import { createRiderFeed } from './rider-feed.ts';
import { createCityFeed } from './screen-feed.ts';
import { createStationFeed } from './station-feed.ts';
import { distributionOf, median, round } from './statistics.ts';

const values = readOptions({
  rows: { type: 'string', default: '5000' },
  /** Updates a second, one measurement each. */
  rates: { type: 'string', default: '50,100' },
  seconds: { type: 'string', default: '30' },
  /** How long memory is watched, at the last of the rates. */
  'soak-minutes': { type: 'string', default: '10' },
  loads: { type: 'string', default: '5' },
  /** Of the city that a rider's page shows. */
  stations: { type: 'string', default: '2800' },
  out: { type: 'string', default: '' },
});
const rates = values.rates.split(',').map(Number);
const say = (line: string) => process.stderr.write(`${line}\n`);

/** Looks with every frame, from the first on. */
const watchLoad = `
  window.seenAt = {};
  const look = () => {
    if (document.querySelector('.rows .row')) seenAt.row ??= performance.now();
    if (document.querySelector('.connection[data-status="live"]')) seenAt.lamp ??= performance.now();
    if (!seenAt.row || !seenAt.lamp) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);`;

const watchRideLoad = `
  window.seenAt = {};
  const look = () => {
    if (document.querySelector('.find')) seenAt.card ??= performance.now();
    if (document.querySelector('.map canvas')?.width > 300) seenAt.map ??= performance.now();
    if (!seenAt.card || !seenAt.map) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);`;

const countFrames = `
  window.counted = { gaps: [], tasks: [] };
  const observer = new PerformanceObserver((list) => counted.tasks.push(...list.getEntries().map((task) => task.duration)));
  observer.observe({ entryTypes: ['longtask'] });
  let last = 0;
  let next = requestAnimationFrame(function frame(now) {
    if (last) counted.gaps.push(now - last);
    last = now;
    next = requestAnimationFrame(frame);
  });
  counted.end = () => {
    cancelAnimationFrame(next);
    observer.disconnect();
    return { gaps: counted.gaps, tasks: counted.tasks };
  };
  0;`;
const settleMs = 3_000;
const frameMs = 1000 / 60;
const sampleEveryMs = 30_000;

const city = createCityFeed(Number(values.rows));
const served = await serve(city.resolvers);
const browser = await launchChromium();
try {
  const result = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { ...(await versions()), chromium: browser.version() },
    options: values,
    firstLoad: await measureLoads(browser, Number(values.loads)),
    rideLoad: await measureRideLoads(browser, Number(values.loads)),
    streaming: [] as Streaming[],
    soak: null as Soak | null,
  };
  const page = await openDashboard(browser);
  for (const rate of rates) {
    say(`${rate} updates a second for ${values.seconds} s …`);
    result.streaming.push(await measureStreaming(page, rate, Number(values.seconds)));
    say(JSON.stringify(result.streaming.at(-1)));
  }
  if (Number(values['soak-minutes']) > 0) {
    result.soak = await soak(page, rates.at(-1) ?? 0, Number(values['soak-minutes']));
  }
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (values.out) await writeFile(values.out, text);
  else process.stdout.write(text);
} finally {
  city.pace(0);
  await browser.close();
  await served.close();
}

async function serve(resolvers: Partial<Record<SubgraphName, Record<string, unknown>>>) {
  const env: NodeJS.ProcessEnv = { LANDSCAPE: 'development', LOG_LEVEL: 'warn', ...(await createDevelopmentKeys()) };
  const verifyToken = await createTokenVerifier(readConfig(processSettings, env));
  const subgraphs: TestSubgraph[] = [];
  for (const name of Object.keys(resolvers) as SubgraphName[]) {
    const subgraph = await startTestSubgraph(name, resolvers[name] ?? {}, verifyToken);
    subgraphs.push(subgraph);
    env[`${name.toUpperCase()}_URL`] = subgraph.url;
  }
  const router = await startRouter(env, { port: 0, product: ttareungi });
  return {
    url: `http://127.0.0.1:${router.port}/`,
    async close() {
      await router.close();
      await Promise.all(subgraphs.map((subgraph) => subgraph.stop()));
    },
  };
}

/** From the address to what the page shows, in ms since navigation began: the first row, and the lamp that says live. */
async function measureLoads(opened: Browser, times: number) {
  const firstRow: number[] = [];
  const live: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const page = await openDashboard(opened);
    const { row, lamp } = await page.evaluate<{ row: number; lamp: number }>('window.seenAt');
    firstRow.push(row);
    live.push(lamp);
    await page.context().close();
  }
  return { loads: times, firstRowMs: median(firstRow), liveMs: median(live) };
}

/**
 * From the address to what a rider's page shows on a phone, in ms since navigation began: the card to find a bike, the map of
 * a city, and that both rides and stations are followed, so that whatever happens from then on is told.
 */
async function measureRideLoads(opened: Browser, times: number) {
  const rider = createRiderFeed();
  const stations = createStationFeed(Number(values.stations));
  const resolvers = {
    ...{ dashboard: stations.resolvers.dashboard, station: stations.resolvers.station, bike: city.resolvers.bike },
    ...{ point: rider.resolvers.point, approval: rider.resolvers.approval },
    reservation: { ...rider.resolvers.reservation, ...stations.resolvers.reservation },
  };
  const rides = await serve(resolvers);
  const loads: { card: number; map: number; live: number }[] = [];
  for (let time = 0; time < times; time += 1) {
    const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, timezoneId: 'Asia/Seoul' };
    const page = await opened.newPage(phone);
    await page.addInitScript(watchRideLoad);
    await page.goto(`${rides.url}ride`, { waitUntil: 'commit' });
    const isFollowed = async () => rider.followers() === 1 && stations.followers() === 1;
    await until('rides and stations are followed', isFollowed, 60_000, 5);
    const liveAt = Date.now();
    const isThere = 'Boolean(window.seenAt?.card && window.seenAt.map)';
    await until('the rider sees the map', () => page.evaluate<boolean>(isThere), 60_000, 100);
    const seen = await page.evaluate<{ card: number; map: number; origin: number }>(
      '({ ...window.seenAt, origin: performance.timeOrigin })',
    );
    loads.push({ card: seen.card, map: seen.map, live: liveAt - seen.origin });
    await page.context().close();
    await until('nobody follows', async () => rider.followers() + stations.followers() === 0, 60_000, 5);
  }
  await rides.close();
  const medianOf = (what: 'card' | 'map' | 'live') => Math.round(median(loads.map((load) => load[what])));
  return { loads: times, cardMs: medianOf('card'), mapMs: medianOf('map'), liveMs: medianOf('live') };
}

/** A newcomer's page, nothing cached, live and with all of its rows. */
async function openDashboard(opened: Browser): Promise<Page> {
  const page = await opened.newPage({ viewport: { width: 1440, height: 900 }, timezoneId: 'Asia/Seoul' });
  await page.addInitScript(watchLoad);
  await page.goto(served.url);
  // Not waitForFunction: it evaluates strings in the page, which the page's policy forbids.
  const full = `window.seenAt.lamp && Number(document.querySelector('.table').getAttribute('aria-rowcount')) > ${values.rows}`;
  await until('the dashboard is live with all of its rows', () => page.evaluate<boolean>(full), 60_000, 100);
  return page;
}

interface Streaming {
  updatesPerSecond: number;
  /** Share of one core that the page's main thread used, by the thread's own clock. */
  mainThreadShare: number;
  scriptShare: number;
  layoutAndStyleShare: number;
  /** Time between frames, in ms; a frame is due every 16.7 ms. */
  frames: ReturnType<typeof distributionOf>;
  /** Frames that were due and did not come, as a share of those due. */
  droppedShare: number;
  /** Tasks over 50 ms. */
  longTasks: number;
  longestTaskMs: number;
  /** Cores that everybody else on this machine kept busy meanwhile: the noise of the measurement. */
  coresBusyWithOthers: number;
}

async function measureStreaming(page: Page, rate: number, seconds: number): Promise<Streaming> {
  city.pace(rate);
  await delay(settleMs);
  const usage = measureUsage(await browserPids());
  // One after the other: to count frames is to ask for each of them, which is work that the screen does not need.
  const work = await measureWork(page, seconds);
  const frames = await measureFrames(page, seconds);
  const { coresBusyWithOthers } = usage();
  city.pace(0);
  return { updatesPerSecond: rate, ...work, ...frames, coresBusyWithOthers };
}

async function browserPids(): Promise<Record<string, number>> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return Object.fromEntries(processInfo.map(({ type, id }) => [`${type} ${id}`, id]));
}

async function measureWork(page: Page, seconds: number) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await metricsOf(session);
  const startedAt = performance.now();
  await delay(seconds * 1000);
  const after = await metricsOf(session);
  const took = (performance.now() - startedAt) / 1000;
  await session.detach();
  const share = (...names: string[]) =>
    round(names.reduce((sum, name) => sum + (after[name] ?? NaN) - (before[name] ?? NaN), 0) / took);
  return {
    mainThreadShare: share('TaskDuration'),
    scriptShare: share('ScriptDuration'),
    layoutAndStyleShare: share('LayoutDuration', 'RecalcStyleDuration'),
  };
}

async function measureFrames(page: Page, seconds: number) {
  await page.evaluate(countFrames);
  await delay(seconds * 1000);
  const { gaps, tasks } = await page.evaluate<{ gaps: number[]; tasks: number[] }>('counted.end()');
  const due = gaps.reduce((sum, gap) => sum + Math.max(1, Math.round(gap / frameMs)), 0);
  return {
    frames: distributionOf(gaps),
    droppedShare: round((due - gaps.length) / due),
    longTasks: tasks.length,
    longestTaskMs: round(Math.max(0, ...tasks)),
  };
}

async function metricsOf(session: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

interface Soak {
  updatesPerSecond: number;
  minutes: number;
  /** Of JavaScript, right after its garbage was collected: at the beginning, then every half minute. */
  heapMb: number[];
  nodes: number[];
  /** Of the second half against the first, after the screen has filled. */
  growthMb: number;
}

async function soak(page: Page, rate: number, minutes: number): Promise<Soak> {
  say(`${rate} updates a second for ${minutes} min …`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const heapMb: number[] = [];
  const nodes: number[] = [];
  const sample = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const metrics = await metricsOf(session);
    heapMb.push(round((metrics['JSHeapUsedSize'] ?? NaN) / 1_000_000));
    nodes.push(metrics['Nodes'] ?? NaN);
  };
  city.pace(rate);
  await sample();
  for (let sampled = 0; sampled < (minutes * 60_000) / sampleEveryMs; sampled += 1) {
    await delay(sampleEveryMs);
    await sample();
    say(`${heapMb.at(-1)} MB, ${nodes.at(-1)} nodes`);
  }
  city.pace(0);
  const half = Math.ceil(heapMb.length / 2);
  const growthMb = round(median(heapMb.slice(half)) - median(heapMb.slice(1, half)));
  return { updatesPerSecond: rate, minutes, heapMb, nodes, growthMb };
}
