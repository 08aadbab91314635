/**
 * `npm run compose` writes supergraph.graphql from the subgraphs' schemas; with `--check` it fails when the file is stale.
 * `npm run compose -- --against <ref>` writes nothing: it lists what prevents replacing that version (a git ref) by
 * this one while both run, and what happens meanwhile. Exit codes: 0 compatible, 1 not, 2 when the ref cannot be read.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import type { Contracts } from './compatibility.ts';
import { writeGenerated } from './generated-file.ts';
import { isMain } from './is-main.ts';
import { subgraphNames, subgraphs, subgraphSdl } from './subgraphs.ts';

const file = new URL('./supergraph.graphql', import.meta.url);

/** The composed supergraph. @throws {Error} with every composition error, when the subgraphs do not fit together. */
export function composeSupergraph(): string {
  const composed = composeServices(
    subgraphNames.map((name) => ({
      name,
      url: `http://127.0.0.1:${subgraphs[name].port}/graphql`,
      typeDefs: parse(subgraphSdl(name)),
    })),
  );
  if (composed.errors) throw new Error(composed.errors.map((error) => error.message).join('\n'));
  return `${composed.supergraphSdl}\n`;
}

/** The committed contracts of another version. @throws {Error} when the ref, or the files in it, are not there. */
function contractsAt(ref: string): Contracts {
  const read = (path: string) =>
    execFileSync('git', ['show', '--end-of-options', `${ref}:./${path}`], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
  return { supergraph: read('supergraph.graphql'), asyncapi: read('asyncapi.yaml') };
}

async function compareWith(ref: string, supergraph: string): Promise<void> {
  let current: Contracts;
  try {
    current = contractsAt(ref);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    console.error(`Cannot read the schema at "${ref}": ${stderr?.trim() ?? String(error)}`);
    process.exitCode = 2;
    return;
  }
  const [{ consequences, incompatibilities }, { writeYaml }] = await Promise.all([
    import('./compatibility.ts'),
    import('./asyncapi.ts'),
  ]);
  const next = { supergraph, asyncapi: writeYaml() };
  for (const line of consequences(current, next)) console.log(line);
  const found = incompatibilities(current, next);
  for (const line of found) console.log(line);
  if (found.length > 0) {
    console.error(`${found.length} changes keep this version from running beside ${ref}.`);
    process.exitCode = 1;
  } else console.log(`Compatible with ${ref}: a rolling update may take its place.`);
}

if (isMain(import.meta.url)) {
  try {
    const { values } = parseArgs({
      options: { check: { type: 'boolean', default: false }, against: { type: 'string' } },
    });
    const supergraph = composeSupergraph();
    if (values.against !== undefined) await compareWith(values.against, supergraph);
    else writeGenerated(file, supergraph, 'npm run compose', values);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
