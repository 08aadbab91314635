import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { stringify } from 'yaml';
import { onPath } from '../local/processes.ts';

/** For what only Prometheus can judge: skipped where its promtool is not on PATH. */
export const withPromtool = onPath('promtool', process.env) ? describe : describe.skip;

/** Runs promtool in a folder with these rules in `rules.yaml`, and a further file where one is given. */
export function promtool(command: string[], rules: unknown, file?: { name: string; text: string }) {
  const directory = mkdtempSync(join(tmpdir(), 'promtool-'));
  try {
    writeFileSync(join(directory, 'rules.yaml'), stringify(rules));
    if (file) writeFileSync(join(directory, file.name), file.text);
    const args = [...command, file?.name ?? 'rules.yaml'];
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: directory, encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
