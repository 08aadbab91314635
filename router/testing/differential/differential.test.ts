import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it, jest } from '@jest/globals';
import type { EngineName } from '../federation.ts';
import type { Differences } from './differential.ts';

/** On a core of its own a thousand operations take five seconds. */
const seconds = 480;
jest.setTimeout((seconds + 60) * 1_000);

const folder = mkdtempSync(join(tmpdir(), 'differential-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** By the command, in a process without anything of a test runner: what it prints of differences, and its results. */
function compare(engine: EngineName, operations: number, seed = 1): Promise<Differences & { told: string }> {
  const results = join(folder, `${engine}-${seed}.json`);
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const options = { seed, operations, engines: engine, seconds, results };
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...given], { maxBuffer: 100_000_000 }, (error, stdout, stderr) => {
      // It fails when something differs, and says what.
      if (error && typeof error.code !== 'number') return reject(new Error('It did not run.', { cause: error }));
      const told = stdout.split('\n').slice(0, -2).join('\n');
      try {
        resolve({ ...(JSON.parse(readFileSync(results, 'utf8')) as Differences), told });
      } catch {
        reject(new Error(`It recorded nothing: ${stdout} ${stderr}`));
      }
    });
  });
}

/** `DIFFERENTIAL_OPERATIONS` are compared in two processes, one for each core of a machine that does nothing else. */
const { DIFFERENTIAL_OPERATIONS: wanted } = process.env;
const own = wanted === undefined ? [2_000] : [Math.ceil(Number(wanted) / 2), Math.ceil(Number(wanted) / 2)];

it.each([
  ['own', own],
  ['apollo', [400]],
] as const)(
  'random operations on random supergraphs are answered as a monolith would (%s: %j)',
  async (engine, parts) => {
    const all = await Promise.all(parts.map((operations, at) => compare(engine, operations, 1 + at * 1_000_000)));
    for (const [at, { operations, inParts, supergraphs, refused, panics, different, told }] of all.entries()) {
      expect(different[engine] > 0 ? told : '').toBe('');
      expect(operations).toBeGreaterThanOrEqual(parts[at] ?? 0);
      expect(refused).toBeLessThanOrEqual(supergraphs / 10);
      // Queries and mutations with @defer are among them.
      expect(inParts).toBeGreaterThan(operations / 10);
      // The native planner plans them, but for those at which it ends its process.
      expect(panics).toBeLessThan(operations / 50);
    }
  },
);

it('which notices a wrong answer: the stock gateway gives some', async () => {
  const { different, told } = await compare('stock', 80);
  expect(different.stock).toBeGreaterThan(0);
  expect(told).toContain('--seed 1: stock: ');
});
