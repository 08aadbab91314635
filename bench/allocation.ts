import { GCProfiler } from 'node:v8';

/** Megabytes, more finely than anybody needs. */
const megabyte = 1_048_576;

interface Collection {
  beforeGC: { heapStatistics: { usedHeapSize: number } };
  afterGC: { heapStatistics: { usedHeapSize: number } };
}

/** Measures what JavaScript in this process takes from its heap: what was there before each collection and not after the last. */
export function createAllocationMeter(): () => number {
  let profiler = new GCProfiler();
  profiler.start();
  let left = process.memoryUsage().heapUsed;
  let allocated = 0;
  return () => {
    const { statistics } = profiler.stop() as unknown as { statistics: Collection[] };
    const used = process.memoryUsage().heapUsed;
    for (const { beforeGC, afterGC } of statistics) {
      allocated += beforeGC.heapStatistics.usedHeapSize - left;
      left = afterGC.heapStatistics.usedHeapSize;
    }
    allocated += used - left;
    left = used;
    profiler = new GCProfiler();
    profiler.start();
    return allocated / megabyte;
  };
}
