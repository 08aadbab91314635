import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
/** A run's databases and streams take 0.2 GB; a container often gives 64 MB in all. */
const ROOM_BYTES = 2_000_000_000;

/**
 * Makes a folder for the data of a test's servers, in memory where there is room: they sync each write, and a disk's
 * syncs are most of what tests with servers wait for (7 ms each on a busy one).
 */
export async function scratchFolder(prefix: string): Promise<string> {
  const memory = await statfs(IN_MEMORY).catch(() => undefined);
  const hasRoom = memory !== undefined && memory.bavail * memory.bsize > ROOM_BYTES;
  return mkdtemp(join(hasRoom ? IN_MEMORY : tmpdir(), prefix));
}
