import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'graphql';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { createDice, type Dice } from '../../cli/demo/dice.ts';
import { createClient } from '../../schema/client/client.ts';
import { DashboardDocument, ReservationsDocument } from '../../schema/client/generated/graphql.ts';
import { createFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import { followEvents } from './event-source.ts';
import { registerBikes, rider, type Rider } from './people.ts';
import { startSystem, type TestSystem } from './system.ts';
import { until } from './until.ts';

/** What is done to live streams while riders change what they tell. */
export interface Disturbance {
  /** Connections of single watchers that are cut. */
  cuts: number;
  routerRestarts: number;
  subgraphRestarts: number;
  reloads: number;
  /** Of one kind (operation, transport). */
  watchers: number;
  /** Riders go on until so many changes were told. */
  changes: number;
  riders: number;
  seed: number;
}

export interface Outcome {
  /** Connections that were cut. */
  cuts: number;
  watchers: WatcherOutcome[];
  /** Changes that each watcher of everything was to be told. */
  changes: number;
  seconds: number;
}

export interface WatcherOutcome {
  name: string;
  told: number;
  reconnects: number;
  lost: string[];
  repeated: string[];
  /** Changes of one reservation that came in another order than they were made. */
  disordered: string[];
  /** What ended it. */
  ended: string[];
}

interface Told {
  cursor: string;
  /** The change, in words: a reservation and its status. */
  what: string;
}

interface Watcher {
  name: string;
  told: Told[];
  reconnects: number;
  ended: string[];
  /** Whether it is connected, as far as it knows. */
  isLive(): boolean;
  cut(): void;
  stop(): Promise<void>;
}

const operations = {
  dashboardUpdated: 'subscription { change: dashboardUpdated { cursor reservation { reserveNo reserveStatus } } }',
  reservationChanged: 'subscription { change: reservationChanged { cursor reserveNo reserveStatus } }',
};
type Operation = keyof typeof operations;

interface Change {
  cursor: string;
  reserveNo?: number;
  reserveStatus?: string;
  reservation?: { reserveNo: number; reserveStatus: string } | null;
}

function toldOf({ cursor, reservation, ...own }: Change): Told {
  const { reserveNo, reserveStatus } = reservation ?? own;
  return { cursor, what: reserveNo === undefined ? '' : `${reserveNo} ${reserveStatus}` };
}

/** An address of its own to the router, whose connections can be cut. */
const linkTo = (system: TestSystem, dice: Dice) => createFaultProxy([Number(new URL(system.routerUrl).port)], dice);

const retryMs = 20;

/** The typed client, which goes on by itself. */
function watchBySocket(operation: Operation, token: string, after: string | null, link: FaultProxy): Watcher {
  let isLive = false;
  let connections = 0;
  const watcher = watcherOf(`${operation} over WebSocket`, link, () => isLive);
  const client = createClient({
    url: `http://127.0.0.1:${link.port}/graphql`,
    token,
    onConnected() {
      isLive = true;
      connections += 1;
      watcher.reconnects = connections - 1;
    },
  });
  const document = parse(operations[operation]) as TypedDocumentNode<{ change: Change }, object>;
  const done = (async () => {
    const options = { ...(after === null ? {} : { after }), retryDelayMs: () => retryMs };
    const onLost = () => (isLive = false);
    try {
      for await (const { change } of client.subscribe(document, {}, { ...options, onLost }))
        watcher.told.push(toldOf(change));
    } catch (error) {
      watcher.ended.push(String(error));
    }
  })();
  return Object.assign(watcher, {
    async stop() {
      client.close();
      await done;
      await link.close();
    },
  });
}

function watchByEvents(operation: Operation, token: string, after: string | null, link: FaultProxy): Watcher {
  let isLive = false;
  let connections = 0;
  const watcher = watcherOf(`${operation} over SSE`, link, () => isLive);
  const source = followEvents<{ change: Change }>({
    origin: `http://127.0.0.1:${link.port}`,
    query: operations[operation],
    ...{ token, after },
    connected() {
      isLive = true;
      connections += 1;
      watcher.reconnects = connections - 1;
    },
    lost: () => (isLive = false),
    next: ({ change }) => watcher.told.push(toldOf(change)),
    ended: (why) => watcher.ended.push(why),
  });
  return Object.assign(watcher, {
    async stop() {
      await source.stop();
      await link.close();
    },
  });
}

function watcherOf(name: string, link: FaultProxy, isLive: () => boolean): Omit<Watcher, 'stop'> {
  return { name, told: [], reconnects: 0, ended: [], isLive, cut: () => link.reset() };
}

/** Reserves, rides and gives back, or cancels, until told to stop; then ends what is left. */
async function ride(who: Rider, bikeId: number, dice: Dice, stop: AbortSignal): Promise<void> {
  const patiently = async <Answer>(act: () => Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await act();
    } catch {
      // A router or a subgraph is just away.
      await delay(50);
      return undefined;
    }
  };
  let current: { reserveNo: number; status: string } | undefined;
  while (!stop.aborted) {
    current = await patiently(() => who.reserves(bikeId));
    if (current?.status !== 'RESERVED') {
      await patiently(() => endAll(who));
      continue;
    }
    const { reserveNo } = current;
    if (dice.below(3) === 0) await patiently(() => who.cancels(reserveNo));
    else {
      await patiently(() => who.starts(reserveNo));
      await patiently(() => who.returns(reserveNo));
    }
  }
}

async function endAll(who: Rider): Promise<void> {
  const { reservations } = await who.client.request(ReservationsDocument, { first: 1 });
  for (const { reserveNo, reserveStatus } of reservations.nodes) {
    if (reserveStatus === 'RESERVED') await who.cancels(reserveNo);
    if (reserveStatus === 'IN_USE') await who.returns(reserveNo);
  }
}

/** Every change of every reservation after one, as the owner's journal has it. */
async function changesAfter(system: TestSystem, reserveNo: number): Promise<string[]> {
  const token = await system.token('auditor', ['auditor']);
  const query = `query ($after: Cursor) { reservations(first: 50, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { reserveNo history { reserveStatus } } } }`;
  const changes: string[] = [];
  for (let after: string | null = null; ;) {
    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables: { after } }),
    });
    const { data } = (await response.json()) as {
      data: {
        reservations: {
          pageInfo: { hasNextPage: boolean; endCursor: string };
          nodes: { reserveNo: number; history: { reserveStatus: string }[] }[];
        };
      };
    };
    const { nodes, pageInfo } = data.reservations;
    const wanted = nodes.filter((one) => one.reserveNo > reserveNo);
    for (const one of wanted)
      changes.push(...one.history.toReversed().map(({ reserveStatus }) => `${one.reserveNo} ${reserveStatus}`));
    if (!pageInfo.hasNextPage || wanted.length < nodes.length) return changes;
    after = pageInfo.endCursor;
  }
}

/** A supergraph that a router reads, and a new one of it each time. */
async function createReloads() {
  const folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  const file = join(folder, 'supergraph.graphql');
  const text = await readFile(new URL('../../schema/supergraph.graphql', import.meta.url), 'utf8');
  let times = 0;
  async function provide(): Promise<void> {
    times += 1;
    await writeFile(
      `${file}.new`,
      text.replace('"""A page of reservations."""', `"""A page of reservations, ${times}."""`),
    );
    await rename(`${file}.new`, file);
  }
  await provide();
  return { file, provide, remove: () => rm(folder, { recursive: true }) };
}

async function countOf(system: TestSystem, metric: RegExp): Promise<number> {
  const response = await fetch(`${system.routerUrl}/metrics`).catch(() => undefined);
  return Number(metric.exec((await response?.text()) ?? '')?.[1] ?? 0);
}

const taken = /^supergraph_reloads_total\{.*outcome="taken".*\} (\d+)$/m;

/** Lives through the disturbance, and compares what each watcher was told with the journal. */
export async function disturb(how: Disturbance, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const startedAt = performance.now();
  const dice = createDice(how.seed);
  const reloads = await createReloads();
  const system = await startSystem({
    mode: 'two',
    env: {
      ...env,
      SUPERGRAPH: reloads.file,
      RESUME_BACKOFF_MS: '20',
      SWEEP_EVERY_MS: '50',
      MAX_CLAIMS_PER_MINUTE: '100000',
    },
  });
  const watchers: Watcher[] = [];
  const stopping = new AbortController();
  try {
    const { router, subgraphs } = system.pair ?? {};
    if (!router || !subgraphs) throw new Error('A system in two processes has two.');
    const bikeIds = await registerBikes(system, how.riders);
    const riders = await Promise.all(bikeIds.map((_, index) => rider(system, `rider-${index}`)));
    for (const who of riders) await who.buys(1_000_000);
    const operator = await system.client('operator', 'operator');
    const token = await system.token('watcher', ['operator']);
    const { dashboard } = await operator.request(DashboardDocument, {});
    for (let number = 0; number < how.watchers; number += 1) {
      for (const watch of [watchBySocket, watchByEvents]) {
        watchers.push(watch('dashboardUpdated', token, dashboard.cursor, await linkTo(system, dice)));
        watchers.push(watch('reservationChanged', token, null, await linkTo(system, dice)));
      }
    }
    // One that begins now has no cursor before its first change.
    let before = 0;
    await until('everybody was told something', async () => {
      const first = await riders[0]?.reserves(bikeIds[0] ?? 0);
      before = first?.reserveNo ?? 0;
      await riders[0]?.cancels(before);
      await delay(100);
      return watchers.every(({ told }) => told.some(({ what }) => what !== ''));
    });

    const riding = riders.map((who, index) =>
      ride(who, bikeIds[index] ?? 0, createDice(how.seed + index), stopping.signal),
    );
    const acts: (() => Promise<void>)[] = [
      ...Array.from({ length: how.routerRestarts }, (_, index) => async () => {
        if (index % 2 === 0) await router.kill();
        else process.kill(router.pid, 'SIGTERM');
        await router.ended();
        await router.restart();
      }),
      ...Array.from({ length: how.subgraphRestarts }, (_, index) => async () => {
        if (index % 2 === 0) await subgraphs.kill();
        else process.kill(subgraphs.pid, 'SIGTERM');
        await subgraphs.ended();
        await subgraphs.restart();
      }),
      ...Array.from({ length: how.reloads }, () => async () => {
        const count = await countOf(system, taken);
        await reloads.provide();
        process.kill(router.pid, 'SIGHUP');
        await until('the router took the new supergraph', async () => (await countOf(system, taken)) > count);
      }),
    ];
    // Watchers are cut all the time, one after the other, also while the rest happens.
    let cuts = 0;
    const cutting = (async () => {
      for (let number = 0; cuts < how.cuts; number += 1) {
        const watcher = watchers[number % watchers.length];
        if (watcher?.isLive()) {
          watcher.cut();
          cuts += 1;
        }
        if (watchers.some(({ ended }) => ended.length > 0)) return;
        await delay(5 + dice.below(30));
      }
    })();
    for (const act of dice.interleave(acts.map((act) => [act]))) {
      await act();
      await delay(dice.below(300));
    }
    await cutting;
    await until('enough has changed', () => watchers.some(({ told }) => told.length >= how.changes), 60_000);
    stopping.abort();
    await Promise.all(riding);
    await until('every ride has ended', async () => {
      await Promise.all(riders.map((who) => endAll(who)));
      const { reservations } = await operator.request(ReservationsDocument, {
        filter: { reserveStatus: ['PENDING', 'RESERVED', 'IN_USE'] },
      });
      return reservations.totalCount === 0;
    });

    const expected = await changesAfter(system, before);
    const isOld = (what: string) => Number(what.split(' ')[0]) <= before;
    const newOf = ({ told }: Watcher) => told.map(({ what }) => what).filter((what) => what !== '' && !isOld(what));
    await until('everybody was told everything', () =>
      watchers.every((watcher) => watcher.ended.length > 0 || new Set(newOf(watcher)).size >= expected.length),
    ).catch(() => undefined);
    // What is repeated may still be on its way.
    await delay(500);
    const outcomes = watchers.map((watcher) => outcomeOf(watcher, newOf(watcher), expected));
    return {
      cuts,
      watchers: outcomes,
      changes: expected.length,
      seconds: Math.round((performance.now() - startedAt) / 1000),
    };
  } finally {
    stopping.abort();
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    await system.close();
    await reloads.remove();
  }
}

function outcomeOf({ name, told, reconnects, ended }: Watcher, seen: string[], expected: string[]): WatcherOutcome {
  const cursors = told.map(({ cursor }) => cursor);
  const twice = <Item>(items: Item[]) => items.filter((item, index) => items.indexOf(item) !== index);
  const byReservation = (items: string[]) => Map.groupBy(items, (what) => what.split(' ')[0] ?? '');
  const [mine, theirs] = [byReservation(seen), byReservation(expected)];
  return {
    name,
    told: told.length,
    reconnects,
    lost: expected.filter((what) => !seen.includes(what)),
    repeated: [...twice(seen), ...twice(cursors)],
    disordered: [...theirs].filter(([no, changes]) => mine.get(no)?.join() !== changes.join()).map(([no]) => no),
    ended,
  };
}
