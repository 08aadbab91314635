import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Writes a generated file. With `--check` it writes nothing: a stale file is a line and exit code 1. */
export function writeGenerated(file: URL, text: string, command: string, { check }: { check: boolean }): void {
  if (!check) return writeFileSync(file, text);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  console.error(`${relative(process.cwd(), fileURLToPath(file))} is stale: run \`${command}\`.`);
  process.exitCode = 1;
}
