import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { DATA_DIRECTORY } from '../../deploy/local/data-plane.ts';
import { findPython, installWheel, wheelDirectory, type Wheel } from '../../deploy/local/wheels.ts';

/** Carries MobilityData's own JSON schemas (Apache-2.0), of every version. */
const gbfsValidator: Wheel = {
  name: 'gbfs-validator',
  version: '0.1.0',
  megabytes: 0.2,
  minors: [11, 99],
  requirements: join(import.meta.dirname, 'requirements-gbfs-validator.txt'),
  instead: 'leave out this test',
};

/** False where no Python can install the schemas: tests that need them are skipped there. */
export function hasGbfsSchemas(): boolean {
  try {
    findPython(gbfsValidator, process.env);
    return true;
  } catch (error) {
    process.stderr.write(`GBFS is not compared with its schemas: ${String(error)}\n`);
    return false;
  }
}

/** The official schemas; installed once, as the servers of tests are. */
export async function gbfsSchemas(): Promise<(version: string, feed: string) => ValidateFunction> {
  const installDirectory = join(DATA_DIRECTORY, 'python');
  const python = findPython(gbfsValidator, process.env);
  const installed = wheelDirectory(gbfsValidator, installDirectory, python);
  if (!existsSync(installed)) {
    await installWheel(gbfsValidator, python, installed, {
      installDirectory,
      logs: join(DATA_DIRECTORY, 'logs'),
      env: process.env,
      signal: AbortSignal.timeout(120_000),
      report: (line) => process.stderr.write(`${line}\n`),
    });
  }
  // They have keywords of another validator, such as `errorMessage`.
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const compiled = new Map<string, ValidateFunction>();
  return (version, feed) => {
    const file = join(installed, 'gbfs_validator/data/schemas', `v${version}`, `${feed}.json`);
    const known = compiled.get(file) ?? ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
    compiled.set(file, known);
    return known;
  };
}
