import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dice } from '../../cli/demo/dice.ts';

/** The faults of a link. Times are in milliseconds. */
export type NetworkFault =
  | { kind: 'none' }
  /** Delays every chunk by this, give or take the jitter; keeps the order. */
  | { kind: 'latency'; ms: number; jitterMs: number }
  /** Nothing arrives and nothing breaks; sent bytes arrive when it heals. */
  | { kind: 'black-hole' }
  /** Requests arrive, answers never do: the connections break when it heals. */
  | { kind: 'one-way' }
  /** Connections break, and new ones are refused. */
  | { kind: 'refuse' }
  | { kind: 'slow'; bytesPerSecond: number };

/** A TCP link between a client and a server, with faults on demand. */
export interface FaultProxy {
  /** Where clients connect, on 127.0.0.1. */
  readonly port: number;
  set(fault: NetworkFault): void;
  heal(): void;
  /** Breaks every connection now; new ones are accepted. */
  reset(): void;
  close(): Promise<void>;
}

/** Resolves when the socket can take more, or is closed. */
function roomIn(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['drain', 'close']) socket.once(event, () => resolve());
  });
}

/** Most bytes held per direction before the sender is made to wait. */
const holdAtMost = 4 * 1024 * 1024;

/**
 * Forwards to the first of the target ports that accepts, taking turns: several instances of a service look like one, as
 * behind a load balancer.
 */
export async function createFaultProxy(targets: readonly number[], dice: Dice): Promise<FaultProxy> {
  let fault: NetworkFault = { kind: 'none' };
  let turn = 0;
  const links = new Set<{ break(): void }>();
  const waiting = new Set<() => void>();

  function change(next: NetworkFault): void {
    const broken = next.kind === 'refuse' || (fault.kind === 'one-way' && next.kind !== 'one-way');
    fault = next;
    if (broken) for (const link of links) link.break();
    for (const wake of waiting) wake();
    waiting.clear();
  }

  const isRefusing = () => fault.kind === 'refuse';
  const changed = () => new Promise<void>((resolve) => waiting.add(resolve));

  /** Resolves when a chunk that was sent at that time is due. */
  async function passage(answers: boolean, sentAt: number, bytes: number): Promise<void> {
    for (;;) {
      if (fault.kind === 'black-hole' || (fault.kind === 'one-way' && answers)) {
        await changed();
        continue;
      }
      if (fault.kind === 'slow') await delay((bytes / fault.bytesPerSecond) * 1_000);
      if (fault.kind === 'latency') {
        const late = sentAt + fault.ms + fault.jitterMs * (dice.below(2_001) / 1_000 - 1) - performance.now();
        if (late > 0) await delay(late);
      }
      return;
    }
  }

  function pipe(from: Socket, to: Socket, answers: boolean): void {
    const queue: { chunk: Buffer | null; sentAt: number }[] = [];
    let held = 0;
    let pumping = false;
    async function pump(): Promise<void> {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const bytes = next.chunk?.length ?? 0;
        await passage(answers, next.sentAt, bytes);
        held -= bytes;
        if (held < holdAtMost) from.resume();
        if (to.destroyed) return;
        if (next.chunk === null) to.end();
        else if (!to.write(next.chunk)) await roomIn(to);
      }
    }
    function push(chunk: Buffer | null): void {
      queue.push({ chunk, sentAt: performance.now() });
      held += chunk?.length ?? 0;
      if (held >= holdAtMost) from.pause();
      if (pumping) return;
      pumping = true;
      void pump().finally(() => {
        pumping = false;
      });
    }
    from.on('data', push);
    from.on('end', () => push(null));
  }

  async function reach(): Promise<Socket | undefined> {
    const first = turn++;
    for (let next = 0; next < targets.length; next += 1) {
      const target = connect({
        port: targets[(first + next) % targets.length] ?? 0,
        host: '127.0.0.1',
        noDelay: true,
        allowHalfOpen: true,
      });
      const reached = await new Promise<boolean>((resolve) => {
        target.once('connect', () => resolve(true));
        target.once('error', () => resolve(false));
      });
      if (reached) return target;
      target.destroy();
    }
    return undefined;
  }

  async function accept(client: Socket): Promise<void> {
    client.on('error', () => undefined);
    if (isRefusing()) return void client.resetAndDestroy();
    client.pause();
    const target = await reach();
    if (!target || client.destroyed || isRefusing()) {
      target?.destroy();
      return void client.resetAndDestroy();
    }
    target.on('error', () => undefined);
    const link = {
      break() {
        links.delete(link);
        if (!client.destroyed) client.resetAndDestroy();
        if (!target.destroyed) target.resetAndDestroy();
      },
    };
    links.add(link);
    // A side that ended gracefully may still get the other's data; one that broke may not.
    client.once('close', (failed) => (failed || target.writableEnded ? link.break() : undefined));
    target.once('close', (failed) => (failed || client.writableEnded ? link.break() : undefined));
    pipe(client, target, false);
    pipe(target, client, true);
    client.resume();
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => void accept(client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    set: change,
    heal: () => change({ kind: 'none' }),
    reset() {
      for (const link of links) link.break();
    },
    async close() {
      change({ kind: 'refuse' });
      server.close();
      await once(server, 'close');
    },
  };
}
