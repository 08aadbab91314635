import { fork, type ChildProcess } from 'node:child_process';
import type { NativePlanner } from '../../gateway/planning/hive.ts';

export type ToNative = { id: number; sdl: string } | { id: number; asked: Asked };
export type FromNative = { id: number; made: unknown } | { id: number; failed: string };
type Asked = [document: string, name: string | undefined, labels: Set<string>, chance: number];

export interface NativePlanners {
  /** The planner of a supergraph: of one after the other. */
  load(sdl: string): Promise<NativePlanner>;
  /** How often an operation ended the process, or would not have ended. */
  ends(): number;
  close(): void;
}

interface Running {
  child: ChildProcess;
  /** What it has read last, and how many before. */
  sdl?: string;
  supergraphs: number;
  pending: Map<number, { resolve(made: unknown): void; reject(error: Error): void }>;
}

/** What planners in native code keep of a supergraph is not given back. */
const mostSupergraphs = 500;

/**
 * The native planner in a process of its own that lasts: a start for each supergraph would take most of the time, and
 * what ends it must not take along a process in which everything has become fast.
 */
export function startNativePlanners(): NativePlanners {
  let running: Running | undefined;
  let ids = 0;
  let ends = 0;

  function start(): Running {
    const child = fork(new URL('native-main.ts', import.meta.url), {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // It is known to panic, and says much then.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const one: Running = { child, supergraphs: 0, pending: new Map() };
    child.on('message', (message: FromNative) => {
      const asked = one.pending.get(message.id);
      one.pending.delete(message.id);
      if ('made' in message) asked?.resolve(message.made);
      else asked?.reject(new Error(message.failed));
    });
    child.on('exit', () => {
      if (running === one) running = undefined;
      if (one.pending.size > 0) ends += 1;
      for (const { reject } of one.pending.values()) reject(new Error('The native planner ended its process.'));
    });
    return one;
  }

  function ask({ child, pending }: Running, message: { sdl: string } | { asked: Asked }): Promise<unknown> {
    const id = (ids += 1);
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      child.send({ id, ...message } satisfies ToNative);
    });
  }

  function close(): void {
    if (running?.child.connected) running.child.disconnect();
    running = undefined;
  }

  async function read(sdl: string): Promise<Running> {
    const one = (running ??= start());
    if (one.sdl === sdl) return one;
    one.sdl = sdl;
    one.supergraphs += 1;
    await ask(one, { sdl });
    return one;
  }

  return {
    async load(sdl) {
      if (running && running.supergraphs >= mostSupergraphs) close();
      await read(sdl);
      return {
        // Its time is bounded there, by CPU time: others may keep the machine busy.
        async planAsync(document, name, labels, chance) {
          const made = await ask(await read(sdl), { asked: [document, name ?? undefined, labels, chance] });
          return made as Awaited<ReturnType<NativePlanner['planAsync']>>;
        },
      };
    },
    ends: () => ends,
    close,
  };
}
