/** The native planner, for native-planners.ts. */
import { QueryPlanner } from '@graphql-hive/router-query-planner';
import type { FromNative, ToNative } from './native-planners.ts';

/** Of CPU time: a plan takes a millisecond, and the native planner never ends some. */
const mostPlanMs = 250;

let planner: QueryPlanner | undefined;
let planning = 0;
let begun = process.cpuUsage();

const tell = (message: FromNative) => process.send?.(message);
// An orderly end would wait for the thread that plans.
const end = () => process.kill(process.pid, 'SIGKILL');

async function make(message: ToNative): Promise<unknown> {
  if ('sdl' in message) {
    planner = undefined;
    planner = new QueryPlanner(message.sdl);
    return undefined;
  }
  if (!planner) throw new Error('There is no supergraph.');
  if (planning === 0) begun = process.cpuUsage();
  planning += 1;
  try {
    return await planner.planAsync(...message.asked);
  } finally {
    planning -= 1;
  }
}

setInterval(() => {
  const { user, system } = process.cpuUsage(begun);
  if (planning > 0 && user + system > mostPlanMs * 1_000) end();
}, 50).unref();
process.on('disconnect', end);
process.on('message', (message: ToNative) => {
  const { id } = message;
  make(message).then(
    (made) => tell({ id, made }),
    (error: unknown) => tell({ id, failed: error instanceof Error ? error.message : String(error) }),
  );
});
