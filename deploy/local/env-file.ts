/** Loaded before what people run (`node --import`): settings of `.env`, where there is one. Node's own flag tells when not. */
import { existsSync } from 'node:fs';

if (existsSync('.env')) process.loadEnvFile('.env');
