import { z } from 'zod';
import { text } from '../../platform/server/config.ts';

/** What `npm run ops` reads. */
export const opsSettings = z.object({
  TTAREUNGI_TOKEN: text('a token').meta({ secret: true }).describe('who you are; in development an admin when not set'),
});
