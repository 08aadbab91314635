/** `node subgraphs/main.ts <name>` runs one subgraph, `… all` runs them all in one process. */
import { subgraphNames, type SubgraphName } from '../schema/subgraphs.ts';
import {
  ConfigError,
  createLogger,
  exitCodeConfig,
  readConfig,
  startService,
  stopOnSignal,
  stopWithinMs,
  warnOfRetiredSettings,
  warnOfUnsafeSettings,
} from '../platform/index.ts';
import { contradictionsOf, definitionOf, settingsOf } from './registry.ts';

const wanted = process.argv[2] ?? '';
const names = wanted === 'all' ? subgraphNames : subgraphNames.filter((name: SubgraphName) => name === wanted);

if (names.length === 0) {
  process.stderr.write(`Usage: node subgraphs/main.ts ${subgraphNames.join('|')}|all\n`);
  process.exit(exitCodeConfig);
}

try {
  // All of them, before one waits for its database.
  const settings = readConfig(settingsOf(names), process.env, { contradictions: contradictionsOf(names) });
  const logger = createLogger(settings.LOG_LEVEL, wanted);
  warnOfUnsafeSettings(settings, logger);
  warnOfRetiredSettings(process.env, logger);
  const services = await Promise.all(names.map((name) => startService(definitionOf(name, process.env), process.env)));
  stopOnSignal(
    async () => {
      await Promise.all(services.map((service) => service.close()));
    },
    stopWithinMs(settings),
    logger,
  );
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(exitCodeConfig);
}
