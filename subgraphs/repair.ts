/**
 * `node subgraphs/repair.ts <name>` lists the streams of a subgraph's journal that count as tampered with only because
 * of half a surrogate pair in a text; with `--write --by <who>` it recomputes their links
 * (docs/runbooks/journal-tampered.md).
 * Exit codes: 0 nothing is left, 1 something is, 78 wrong arguments or settings.
 */
import { parseArgs } from 'node:util';
import { isText, textRules } from '../schema/text.ts';
import { subgraphNames, type SubgraphName } from '../schema/subgraphs.ts';
import { ConfigError, createLogger, exitCodeConfig } from '../platform/index.ts';
import { createRepairDesk } from '../platform/event-core/journal-repair.ts';
import { connectDatabase, readServiceSettings } from '../platform/service/runtime.ts';

const usage = `Usage: node subgraphs/repair.ts ${subgraphNames.join('|')} [--write --by <who>]\n`;

function argumentsOf(): { name: SubgraphName; by: string | null } {
  try {
    const options = { write: { type: 'boolean' }, by: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const name = subgraphNames.find((known) => positionals.length === 1 && known === positionals[0]);
    if (!name) throw new ConfigError(usage);
    if (!values.write) return { name, by: null };
    if (!isText(values.by, textRules.userId)) throw new ConfigError(`--write needs --by <who>.\n${usage}`);
    return { name, by: values.by };
  } catch (error) {
    throw error instanceof ConfigError ? error : new ConfigError(usage);
  }
}

try {
  const { name, by } = argumentsOf();
  const settings = readServiceSettings(name, process.env);
  const database = await connectDatabase(settings, name, createLogger(settings.LOG_LEVEL, name));
  const desk = createRepairDesk(database, () => new Date());
  const left = { broken: 0, tampered: 0 };
  let repaired = 0;
  for await (const finding of desk.findings()) {
    const stream = JSON.stringify(finding.stream);
    if (finding.kind === 'tampered with') {
      left.tampered += 1;
      process.stdout.write(`${stream} was tampered with, and is left alone: ${finding.because}\n`);
      continue;
    }
    const first = finding.links[0]?._id;
    const documents = `${finding.links.length} document(s) from ${JSON.stringify(first)} on`;
    if (by === null) left.broken += 1;
    else {
      await desk.repair(finding, by);
      repaired += 1;
    }
    process.stdout.write(
      `${stream} was broken by text: ${documents} ${by === null ? 'can be' : 'were'} linked again.\n`,
    );
  }
  process.stdout.write(`${repaired} repaired, ${left.broken} to repair (--write), ${left.tampered} tampered with.\n`);
  await database.close();
  process.exitCode = left.broken + left.tampered > 0 ? 1 : 0;
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message.trimEnd()}\n`);
  process.exit(exitCodeConfig);
}
