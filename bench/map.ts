/**
 * `node bench/map.ts`: what the live map costs a browser, and the router. A made-up city of 2,800 stations tells at a constant
 * pace what changed, through the real router; only the services behind it are played, as for `screen.ts`.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { createDevelopmentKeys } from '../deploy/local/development-keys.ts';
import { createTokenVerifier, processSettings, readConfig } from '../platform/server/index.ts';
import { ttareungi } from '../router/product/product.ts';
import { startRouter } from '../router/router.ts';
import { startTestSubgraph } from '../router/testing/subgraph-server.ts';
import { createClient, type Client } from '../schema/client/client.ts';
import { StationCountsChangedDocument } from '../schema/client/generated/graphql.ts';
import { launchChromium } from '../test/browser/launch.ts';
import { until } from '../test/support/until.ts';
import { readOptions } from '../schema/script-options.ts';
import { machine, versions } from './environment.ts';
import { createCityFeed } from './screen-feed.ts';
import { createStationFeed } from './station-feed.ts';
import { round } from './statistics.ts';

const values = readOptions({
  stations: { type: 'string', default: '2800' },
  /** Changes of stations a second. */
  rates: { type: 'string', default: '0,50' },
  warmup: { type: 'string', default: '15' },
  seconds: { type: 'string', default: '20' },
  /** How often the map is zoomed in: all of the city in districts, then stations themselves. */
  zooms: { type: 'string', default: '0,4' },
  /** Who follow the counts beside, for the router's cost. */
  watchers: { type: 'string', default: '200' },
  out: { type: 'string', default: '' },
});
const say = (line: string) => process.stderr.write(`${line}\n`);
const seconds = Number(values.seconds);
const settleMs = 3_000;

const city = createStationFeed(Number(values.stations));
const rides = createCityFeed(50);
const dashboard = rides.resolvers.dashboard as { Query: object; Subscription: object };
const env: NodeJS.ProcessEnv = {
  ...{ LANDSCAPE: 'development', LOG_LEVEL: 'warn', MAX_SOCKETS_PER_CLIENT: '1000' },
  ...(await createDevelopmentKeys()),
};
const verifyToken = await createTokenVerifier(readConfig(processSettings, env));
const subgraphs = {
  dashboard: await startTestSubgraph(
    'dashboard',
    {
      Query: { ...dashboard.Query, ...city.resolvers.dashboard['Query'] },
      Subscription: { ...dashboard.Subscription, ...city.resolvers.dashboard['Subscription'] },
    },
    verifyToken,
  ),
  bike: await startTestSubgraph('bike', rides.resolvers.bike, verifyToken),
  station: await startTestSubgraph('station', city.resolvers.station, verifyToken),
  reservation: await startTestSubgraph('reservation', city.resolvers.reservation, verifyToken),
};
const router = await startRouter(
  {
    ...env,
    ...Object.fromEntries(Object.entries(subgraphs).map(([name, { url }]) => [`${name.toUpperCase()}_URL`, url])),
  },
  { port: 0, product: ttareungi },
);
const origin = `http://127.0.0.1:${router.port}`;
const browser = await launchChromium();
try {
  const pages = [];
  for (const zooms of values.zooms.split(',').map(Number))
    for (const rate of values.rates.split(',').map(Number)) {
      pages.push(await measurePage(zooms, rate));
      say(JSON.stringify(pages.at(-1)));
    }
  const fanOut = [];
  for (const who of ['nobody', 'operators', 'riders', 'anonymous']) {
    fanOut.push(await measureFanOut(who, 50));
    say(JSON.stringify(fanOut.at(-1)));
  }
  const result = {
    ...{ date: new Date().toISOString(), machine: machine() },
    ...{ versions: { ...(await versions()), chromium: browser.version() }, options: values, pages, fanOut },
  };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (values.out) await writeFile(values.out, text);
  else process.stdout.write(text);
} finally {
  city.pace(0);
  await browser.close();
  await router.close();
  await Promise.all(Object.values(subgraphs).map((subgraph) => subgraph.stop()));
}

async function measurePage(zooms: number, rate: number) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'Asia/Seoul' });
  const opened: Page = await context.newPage();
  let follows = false;
  let [messages, bytes, asked] = [0, 0, 0];
  const openedAt = performance.now();
  const askedAt: number[] = [];
  opened.on('request', (request) => {
    if (request.postData()?.includes('query StationPlaces')) {
      asked += 1;
      askedAt.push(Math.round(performance.now() - openedAt));
    }
  });
  opened.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      follows ||= String(payload).includes('subscription StationCountsChanged');
    });
    socket.on('framereceived', ({ payload }) => {
      if (!String(payload).includes('"stationCountsChanged"')) return;
      messages += 1;
      bytes += Buffer.byteLength(payload);
    });
  });
  await opened.goto(`${origin}/`);
  await until('the page follows the counts', async () => follows, 60_000, 100);
  // The names of all stations are asked for page by page.
  await delay(Number(values.warmup) * 1000);
  for (let zoom = 0; zoom < zooms; zoom += 1) {
    await opened.getByRole('button', { name: /zoom in|확대/i }).click();
    await delay(500);
  }
  city.pace(rate);
  await delay(settleMs);
  const session = await context.newCDPSession(opened);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metrics = async () =>
    Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  [messages, bytes, asked] = [0, 0, 0];
  const [before, startedAt] = [await metrics(), performance.now()];
  await delay(seconds * 1000);
  const [after, took] = [await metrics(), (performance.now() - startedAt) / 1000];
  city.pace(0);
  const share = (...names: string[]) =>
    round(names.reduce((sum, name) => sum + (after[name] ?? NaN) - (before[name] ?? NaN), 0) / took);
  await context.close();
  return {
    ...{ zooms, changesPerSecond: rate },
    ...{ mainThreadShare: share('TaskDuration'), scriptShare: share('ScriptDuration') },
    layoutAndStyleShare: share('LayoutDuration', 'RecalcStyleDuration'),
    messagesPerSecond: round(messages / took),
    bytesPerSecond: Math.round(bytes / took),
    stationPlacesAsked: asked,
    askedAt,
  };
}

/** CPU of this process, which is router, played services and watchers in one: compare the kinds with each other. */
async function measureFanOut(who: string, rate: number) {
  const count = who === 'nobody' ? 0 : Number(values.watchers);
  let messages = 0;
  let failed = 0;
  const clients: Client[] = [];
  for (let index = 0; index < count; index += 1) {
    const token =
      who === 'anonymous' ? undefined : await tokenOf(`${who}-${index}`, who === 'riders' ? 'rider' : 'operator');
    const client = createClient({ url: `${origin}/graphql`, ...(token ? { token } : {}) });
    clients.push(client);
    void (async () => {
      for await (const { stationCountsChanged } of client.subscribe(StationCountsChangedDocument, {}))
        messages += Math.sign(stationCountsChanged.stations.length);
    })().catch(() => (failed += 1));
  }
  await delay(settleMs);
  city.pace(rate);
  await delay(settleMs);
  messages = 0;
  const [before, startedAt, upstream] = [process.cpuUsage(), performance.now(), city.followers()];
  await delay(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  const took = (performance.now() - startedAt) / 1000;
  city.pace(0);
  for (const client of clients) client.close();
  await until('nobody follows', async () => city.followers() === 0, 30_000);
  return {
    ...{ who, watchers: count, failed, subscriptionsUpstream: upstream },
    messagesPerSecond: round(messages / took),
    coresUsed: round((user + system) / 1_000_000 / took),
  };
}

async function tokenOf(userId: string, role: string): Promise<string> {
  const response = await fetch(`${origin}/dev/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId, roles: [role] }),
  });
  return ((await response.json()) as { token: string }).token;
}
