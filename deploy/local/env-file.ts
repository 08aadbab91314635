/** Preloaded (`node --import`): reads `.env` if there is one. Node's own flag prints a notice if there is none. */
import { existsSync } from 'node:fs';

if (existsSync('.env')) process.loadEnvFile('.env');
