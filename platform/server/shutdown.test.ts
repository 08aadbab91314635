import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { longestTimerMs } from '../foundation/time.ts';
import { stopWithinMs } from './shutdown.ts';

/** A process that says `closing` when it closes, does this as soon as it runs, and would go on for a minute. */
async function run(work: string, close = `console.log('closing')`): Promise<{ code: number | null; lines: string[] }> {
  const script = `
    import { createLogger, stopOnSignal } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    stopOnSignal(async () => { ${close} }, 500, createLogger('info', 'test'));
    setTimeout(() => {}, 60_000);
    ${work}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: output.trim().split('\n') };
}

describe('a process', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('closes and ends with 0 on %s', async (signal) => {
    const { code, lines } = await run(`process.kill(process.pid, '${signal}')`);
    expect({ code, closings: lines.filter((line) => line === 'closing').length }).toEqual({ code: 0, closings: 1 });
  });

  it.each([
    ['an exception', `setTimeout(() => { throw new Error('broken') })`],
    ['a rejection', `void Promise.reject(new Error('broken'))`],
    ['a rejection without an error', `void Promise.reject('broken')`],
    [
      'two at once',
      `void Promise.reject(new Error('broken')); setTimeout(() => { throw new Error('broken as well') })`,
    ],
  ])('says so, closes and ends with 1 on %s that nothing caught', async (_what, work) => {
    const { code, lines } = await run(work);
    expect({ code, closings: lines.filter((line) => line === 'closing').length }).toEqual({ code: 1, closings: 1 });
    const said = JSON.parse(lines.find((line) => line.startsWith('{')) ?? '') as { level: number; message: string };
    expect(JSON.stringify(said)).toContain('broken');
    expect(said).toMatchObject({ level: 60, message: 'an error that nothing caught: stopping' });
  });

  it('is cut when it does not close in time, and at once on a second signal', async () => {
    const never = 'await new Promise(() => {})';
    const late = await run(`process.kill(process.pid, 'SIGTERM')`, never);
    expect(late.code).toBe(1);
    expect(late.lines.at(-1)).toContain('did not stop in time');
    const again = await run(
      `process.kill(process.pid, 'SIGTERM'); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50)`,
      never,
    );
    expect(again.code).toBe(1);
    expect(again.lines.join()).not.toContain('did not stop in time');
  });
});

describe('the time that a stop may take', () => {
  it('is enough to close when nothing is waited for', () => {
    expect(stopWithinMs({ STOP_DELAY_MS: 0, STOP_TIMEOUT_MS: 0 })).toBeGreaterThan(1_000);
  });

  it.each([1, 2] as const)('is one that a timer can wait, of %s that stop one after the other', (steps) => {
    const longest = { STOP_DELAY_MS: longestTimerMs, STOP_TIMEOUT_MS: longestTimerMs };
    expect(stopWithinMs(longest, steps)).toBe(longestTimerMs);
    expect(stopWithinMs({ STOP_DELAY_MS: 6_000, STOP_TIMEOUT_MS: 20_000 }, steps)).toBeGreaterThan(steps * 26_000);
  });
});
