import { z } from 'zod';
import { port } from '../../platform/server/index.ts';
import { MONGODB_ENGINES } from './engines.ts';

/** What `npm start` reads beside the settings of all processes. */
export const localSettings = z.object({
  DATA_DIRECTORY: z.string().optional().describe('a folder that you may write to'),
  MONGODB_ENGINE: z
    .enum(MONGODB_ENGINES)
    .optional()
    .describe(`one of ${MONGODB_ENGINES.join(', ')}`),
  MONGODB_PORT: port(27217),
  NATS_PORT: port(4322),
  NATS_SYNC_INTERVAL: z
    .string()
    .regex(/^(always|\d+(ms|s|m|h))$/)
    .optional()
    .describe('always, or a time such as 500ms, 10s or 2m'),
  PYTHON: z.string().optional().describe('a program'),
});
