import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMsOf, kernelMsOf, memoryMbOf } from '../process-usage.ts';
import { percentile, round } from '../statistics.ts';
import type { Contestant } from './contestants.ts';
import { forkBeside, startGateway, type Running } from './processes.ts';
import { smallQuery } from './shop.ts';

/** One event after the other to many clients, each completed by two subgraphs. */
export interface FanOutScenario {
  name: string;
  transport: 'websocket' | 'sse';
  clients: number;
}

/** A process may have 20,000 files open on the machine that the record is from: the gateway needs some for itself. */
const most = 19_900;

export const fanOutScenarios: FanOutScenario[] = [
  { name: 'fan-out, 1,000 sockets', transport: 'websocket', clients: 1_000 },
  { name: 'fan-out, 10,000 sockets', transport: 'websocket', clients: 10_000 },
  { name: 'fan-out, 20,000 sockets', transport: 'websocket', clients: most },
  { name: 'fan-out, 1,000 SSE', transport: 'sse', clients: 1_000 },
  { name: 'fan-out, 10,000 SSE', transport: 'sse', clients: 10_000 },
];

/** Their memory is not what is measured: with them the gateway has all its code and caches. */
const warmUpClients = 100;
const warmUpEvents = 30;
const listenerProcesses = 2;
/** After an event, so that the next one finds everybody at rest. */
const pauseMs = 50;
/** What a gateway has no time for while it works: collecting garbage, giving memory back. */
const restMs = 3_000;
const connectWithinMs = 300_000;
const eventWithinMs = 60_000;
/** All have as many digits. */
const firstPrice = 1_000_000;

interface Received {
  price: number;
  lastAtMs: number;
  wrong: number;
}

type Listeners = Awaited<ReturnType<typeof connectListeners>>;

async function connectListeners(gateway: Running, scenario: FanOutScenario, clients: number, address: number) {
  const { port } = new URL(gateway.url);
  const shares = Array.from({ length: listenerProcesses }, (_, index) =>
    Math.floor((clients + index) / listenerProcesses),
  );
  const children = shares.map((share, index) =>
    forkBeside('listeners.ts', [port, scenario.transport, String(share), `127.0.0.${address + index}`]),
  );
  await Promise.all(children.map((child) => messageOf(child, 'connected', connectWithinMs)));
  return {
    /** Resolves when all have the change: when the last one had it. */
    async received(price: number, withinMs: number): Promise<{ lastAtMs: number; wrong: number }> {
      const all = await Promise.all(
        children.map((child) => messageOf(child, 'price', withinMs, price) as Promise<Received>),
      );
      return {
        lastAtMs: Math.max(...all.map(({ lastAtMs }) => lastAtMs)),
        wrong: all.reduce((sum, { wrong }) => sum + wrong, 0),
      };
    },
    close() {
      for (const child of children) if (child.connected) child.disconnect();
    },
  };
}

/** A message with this field, and where `value` is given with this value. @throws when the process ends before it. */
function messageOf(child: ChildProcess, field: string, withinMs: number, value?: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: Record<string, unknown>) => {
      if (message[field] === undefined || (value !== undefined && message[field] !== value)) return;
      stop();
      resolve(message);
    };
    const fail = () => {
      stop();
      reject(new Error(`Listeners gave no ${field} in time.`));
    };
    const late = setTimeout(fail, withinMs);
    const stop = () => {
      clearTimeout(late);
      child.off('message', onMessage);
      child.off('exit', fail);
    };
    child.on('message', onMessage);
    child.on('exit', fail);
  });
}

export type FanOutFigures = Awaited<ReturnType<typeof measureFanOut>>;

export async function measureFanOut(contestant: Contestant, scenario: FanOutScenario, events: number) {
  const gateway = await startGateway(contestant, 0, JSON.stringify({ query: smallQuery }));
  const { pid, subgraphs, stop } = gateway;
  const opened: Listeners[] = [];
  let price = firstPrice;

  /** @returns ms from the change to its arrival at the last client. */
  async function publish(to: Listeners[], withinMs = eventWithinMs): Promise<{ ms: number; wrong: number }> {
    price += 1;
    const arrivals = Promise.all(to.map((listeners) => listeners.received(price, withinMs)));
    const [all, publishedAtMs] = await Promise.all([arrivals, subgraphs.publish(price)]);
    return {
      ms: Math.max(...all.map(({ lastAtMs }) => lastAtMs)) - publishedAtMs,
      wrong: all.reduce((sum, { wrong }) => sum + wrong, 0),
    };
  }

  /** A subscription is not acknowledged: it is there when its events are. */
  async function untilListening(to: Listeners[]): Promise<void> {
    for (let tries = 0; tries < 10; tries += 1) {
      if (
        await publish(to, eventWithinMs / 10).then(
          () => true,
          () => false,
        )
      )
        return;
    }
    throw new Error('Not every client gets events.');
  }

  try {
    const some = await connectListeners(gateway, scenario, warmUpClients, 2);
    opened.push(some);
    await untilListening([some]);
    for (let event = 0; event < warmUpEvents; event += 1) await publish([some]);
    await delay(restMs);
    const alone = memoryMbOf(pid).rss;
    const idle = cpuMsOf(pid);
    const rest = await connectListeners(gateway, scenario, scenario.clients - warmUpClients, 10);
    opened.push(rest);
    await untilListening(opened);
    const setUpMs = cpuMsOf(pid) - idle;
    for (let event = 0; event < 3; event += 1) await publish(opened);
    await subgraphs.count();
    const before = cpuMsOf(pid);
    const kernelBefore = kernelMsOf(pid);
    const lastMs: number[] = [];
    let wrong = 0;
    for (let event = 0; event < events; event += 1) {
      const result = await publish(opened);
      lastMs.push(result.ms);
      ({ wrong } = result);
      await delay(pauseMs);
    }
    const cpuMs = cpuMsOf(pid) - before;
    const kernelMs = kernelMsOf(pid) - kernelBefore;
    const requests = await subgraphs.count();
    await delay(restMs);
    const added = scenario.clients - warmUpClients;
    const { rss } = memoryMbOf(pid);
    return {
      cpuUsPerMessage: round((cpuMs * 1_000) / (events * scenario.clients)),
      kernelUsPerMessage: round((kernelMs * 1_000) / (events * scenario.clients)),
      kbPerClient: round(((rss - alone) * 1_024) / added),
      setUpUsPerClient: round((setUpMs * 1_000) / added),
      lastP50Ms: round(percentile(lastMs, 0.5)),
      lastP99Ms: round(percentile(lastMs, 0.99)),
      rssMb: rss,
      wrong,
      subgraphRequests: round(requests / events),
    };
  } finally {
    for (const listeners of opened) listeners.close();
    await stop();
  }
}
