import { spawn } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const built = join(root, 'web/dist/index.html');
const builder = join(root, 'node_modules/vite/bin/vite.js');

/** The pages cannot be built; the message tells a person why. */
export class PagesError extends Error {
  override name = 'PagesError';
}

/** What the pages are made of: their own files, what they import from elsewhere, and which packages are installed. */
export function pageSources(): string[] {
  const sources = ['web/*.html', 'web/*.{ts,js}', 'web/{src,public}/**/*', 'schema/*.ts', 'schema/client/**/*.ts'];
  return globSync([...sources, 'package-lock.json'], { cwd: root });
}

/** Builds the pages when they were never built, or a source is newer. @throws {PagesError} */
export async function buildWebIfStale(report: (line: string) => void): Promise<void> {
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0;
  const newest = Math.max(...pageSources().map((file) => statSync(join(root, file)).mtimeMs));
  if (builtAt > newest) return;
  const startedAt = performance.now();
  report('Building the pages …');
  await build(builder);
  report(`Built the pages (${((performance.now() - startedAt) / 1000).toFixed(0)} s).`);
}

/** @throws {PagesError} with the builder's own words. */
export async function build(vite: string): Promise<void> {
  if (!existsSync(vite)) {
    throw new PagesError(
      'The pages cannot be built: what builds them is not installed. It is left out where NODE_ENV=production or omit=dev is set: npm ci --include=dev',
    );
  }
  await run(process.execPath, [vite, 'build', 'web', '--logLevel', 'warn']);
}

function run(command: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new PagesError(`The pages could not be built:\n${output.trim()}`)),
    );
  });
}
