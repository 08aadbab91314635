import { monitorEventLoopDelay } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { round } from './statistics.ts';

/** What kept this process from working, and what its garbage was, since the answer before. */
export interface Pauses {
  /** Taken from the JavaScript heap. */
  allocatedMb: number;
  collections: number;
  collectingMs: number;
  longestCollectionMs: number;
  /** How late a timer was. */
  eventLoopDelayMs: { p99: number; max: number };
}

interface Collection {
  /** In µs. */
  cost: number;
  beforeGC: { heapStatistics: { usedHeapSize: number } };
  afterGC: { heapStatistics: { usedHeapSize: number } };
}

const megabyte = 1_048_576;
const nanosecondsPerMs = 1e6;

/** Measures pauses from now on. */
export function measurePauses(): () => Pauses {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  let profiler = new GCProfiler();
  profiler.start();
  let left = process.memoryUsage().heapUsed;
  return () => {
    const { statistics } = profiler.stop() as unknown as { statistics: Collection[] };
    const used = process.memoryUsage().heapUsed;
    let allocated = used;
    for (const { beforeGC, afterGC } of statistics) {
      allocated += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
    }
    allocated -= left;
    left = used;
    const costs = statistics.map(({ cost }) => cost / 1_000);
    const eventLoopDelayMs = {
      p99: round(delays.percentile(99) / nanosecondsPerMs),
      max: round(delays.max / nanosecondsPerMs),
    };
    delays.reset();
    profiler = new GCProfiler();
    profiler.start();
    return {
      allocatedMb: round(allocated / megabyte),
      collections: costs.length,
      collectingMs: round(costs.reduce((sum, ms) => sum + ms, 0)),
      longestCollectionMs: round(Math.max(0, ...costs)),
      eventLoopDelayMs,
    };
  };
}
