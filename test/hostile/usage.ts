/**
 * Loaded into a process under attack before anything else (`--import`): on SIGUSR2 it collects its garbage and writes what
 * it uses to USAGE_FILE. A figure of what is kept, and not of what the collector has not come to yet.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Usage {
  /** Counts the questions, so that an old answer is not taken for a new one. */
  asked: number;
  /** Bytes on the heap and outside of it that are still referred to. */
  kept: number;
  rss: number;
  /** CPU time of the whole process so far, in ms. */
  cpuMs: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const file = process.env['USAGE_FILE'] ?? '';
let asked = 0;

process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  asked += 1;
  const usage: Usage = { asked, kept: heapUsed + external, rss, cpuMs: (user + system) / 1000 };
  // Renamed, so that it is read whole.
  writeFileSync(`${file}.new`, JSON.stringify(usage));
  renameSync(`${file}.new`, file);
});
