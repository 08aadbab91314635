/**
 * Loaded into a process under attack before anything else (`--import`): on SIGUSR2 it collects its garbage and writes
 * its usage to USAGE_FILE. This measures what is retained, without garbage that is not collected yet.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Usage {
  /** Counts the requests, so that an old answer is not taken for a new one. */
  asked: number;
  /** Bytes on the heap and outside of it that are still referenced. */
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
  // Renamed, so that it is never read in part.
  writeFileSync(`${file}.new`, JSON.stringify(usage));
  renameSync(`${file}.new`, file);
});
