import { join } from 'node:path';
import { z } from 'zod';
import { named, port, text } from '../../platform/server/index.ts';
import { MONGODB_ENGINES, natsTime } from './engines.ts';

/** What `npm start` reads beside the settings of all processes. */
export const localSettings = z.object({
  DATA_DIRECTORY: named(join(import.meta.dirname, '../../.data'), /\S/, 'a folder that you may write to').describe(
    'data, logs and installed servers',
  ),
  MONGODB_ENGINE: z
    .enum(MONGODB_ENGINES)
    .optional()
    .meta({ allowed: `one of ${MONGODB_ENGINES.join(', ')}` })
    .describe('mongod, secantusd-rs (both from PATH) or secantusdb (installed); the first at hand when not set'),
  MONGODB_PORT: port(27217).describe('0 for any free one'),
  NATS_PORT: port(4322).describe('0 for any free one'),
  NATS_SYNC_INTERVAL: z
    .string()
    .regex(natsTime)
    .optional()
    .meta({ allowed: 'always, or a time such as 500ms, 10s or 2m, of at most 6 digits' })
    .describe(
      'how often JetStream writes through to disk; the broker’s own (2 min) when not set, always in production',
    ),
  PYTHON: text('a program').describe('python3, then python; SecantusDB needs 3.10–3.13, both wheels need pip'),
});

/** What `npm start` takes where these are not set, instead of the default of a single process. */
export const chosenByNpmStart: Readonly<Record<string, string>> = {
  LOG_LEVEL: 'warn',
  MONGODB_URI: 'a server that it brings along',
  NATS_URL: 'a broker that it brings along',
};
