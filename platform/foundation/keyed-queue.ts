/** Work with the same key runs one after the other, in order of arrival; different keys run side by side. */
export interface KeyedQueue {
  /** @param aside runs at once, outside the lane, when the lane is held and too many wait in it. */
  run<Result>(key: string, work: () => Promise<Result>, aside?: () => Promise<Result>): Promise<Result>;
  /**
   * Holds a lane whose head cannot go on: until the returned function is called, only this many wait behind it, and the
   * others are put aside.
   */
  hold(key: string, most: number): () => void;
  /** How many keys have work. */
  readonly busy: number;
  /** Resolves when no work is left. */
  idle(): Promise<void>;
}

interface Waiting {
  begin: () => Promise<void>;
  putAside: (() => Promise<void>) | undefined;
}

interface Lane {
  waiting: Waiting[];
  most: number;
  done: Promise<void>;
}

export function createKeyedQueue(): KeyedQueue {
  const lanes = new Map<string, Lane>();

  async function drive(key: string, waiting: Waiting[]): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next.begin();
    lanes.delete(key);
  }

  function add({ waiting, most }: Lane, each: Waiting): void {
    if (each.putAside && waiting.length >= most) void each.putAside();
    else waiting.push(each);
  }

  return {
    run: (key, work, aside) =>
      new Promise((resolve, reject) => {
        const answer = (how: typeof work) => Promise.resolve().then(how).then(resolve, reject);
        const each = { begin: () => answer(work), putAside: aside && (() => answer(aside)) };
        const lane = lanes.get(key);
        if (lane) return add(lane, each);
        const waiting = [each];
        lanes.set(key, { waiting, most: Infinity, done: Promise.resolve().then(() => drive(key, waiting)) });
      }),
    hold(key, most) {
      const lane = lanes.get(key);
      if (!lane) return () => undefined;
      lane.most = most;
      for (const each of lane.waiting.splice(0)) add(lane, each);
      return () => {
        lane.most = Infinity;
      };
    },
    get busy() {
      return lanes.size;
    },
    idle: async () => {
      while (lanes.size > 0) await Promise.all(Array.from(lanes.values(), ({ done }) => done));
    },
  };
}
