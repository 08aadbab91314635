import type { TestServers } from './start.ts';

/** Ends what start.ts started once the last project that uses it is done. */
export default async function stop(): Promise<void> {
  const onProcess = globalThis as { testServers?: TestServers };
  const servers = onProcess.testServers;
  if (!servers || --servers.users > 0) return;
  delete onProcess.testServers;
  await servers.started.then((started) => started.close());
}
