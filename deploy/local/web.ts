import { spawn } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const built = join(root, 'web/dist/index.html');
const sources = ['web/*.html', 'web/*.{ts,js}', 'web/{src,public}/**/*', 'schema/client/**/*.ts'];

/** Builds the pages when they were never built, or a source is newer. @throws {Error} with the builder's own words. */
export async function buildWebIfStale(report: (line: string) => void): Promise<void> {
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0;
  const newest = Math.max(...globSync(sources, { cwd: root }).map((file) => statSync(join(root, file)).mtimeMs));
  if (builtAt > newest) return;
  const startedAt = performance.now();
  report('Building the pages …');
  await run(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', 'web', '--logLevel', 'warn']);
  report(`Built the pages (${((performance.now() - startedAt) / 1000).toFixed(0)} s).`);
}

function run(command: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`The pages could not be built:\n${output.trim()}`)),
    );
  });
}
