import { z } from 'zod';
import { port } from '../../platform/server/index.ts';

/** What `npm run monitor` reads beside the ports of the system. */
export const monitorSettings = z.object({
  MONITOR_PORT: port(9190).describe('where the Prometheus that it runs listens'),
});
