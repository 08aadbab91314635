import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA_DIRECTORY, startDataPlane } from '../../deploy/local/data-plane.ts';
import { scratchFolder } from '../support/scratch.ts';

/** Kept on the process: jest may load this file once per project, and loads stop.ts separately. */
export interface TestServers {
  users: number;
  started: Promise<{ close(): Promise<void> }>;
}
const onProcess = globalThis as { testServers?: TestServers };

/**
 * Starts one MongoDB and one NATS for all tests of this jest process, on free ports with data of their own; addresses in
 * TEST_MONGODB_URI and TEST_NATS_URL are used instead when they are set. Tests find the addresses there either way.
 */
export default async function start(): Promise<void> {
  const servers = (onProcess.testServers ??= { users: 0, started: startServers() });
  servers.users += 1;
  await servers.started;
}

async function startServers(): Promise<{ close(): Promise<void> }> {
  const directory = await scratchFolder('test-servers-');
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const { TEST_MONGODB_URI = '', TEST_NATS_URL = '' } = process.env;
    const servers = await startDataPlane({
      directory,
      installDirectory: join(DATA_DIRECTORY, 'python'),
      env: { ...process.env, MONGODB_URI: TEST_MONGODB_URI, NATS_URL: TEST_NATS_URL },
      mongodbPort: 0,
      natsPort: 0,
      report: (line) => process.stderr.write(`${line}\n`),
    });
    process.env.TEST_MONGODB_URI = servers.mongodbUri;
    process.env.TEST_NATS_URL = servers.natsUrl;
    return { close: () => servers.close().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
