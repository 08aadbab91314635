import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.ts';
import { compose } from '../../testing/federation.ts';

const folder = mkdtempSync(join(tmpdir(), 'orphan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const main = new URL('planner-main.ts', import.meta.url).href;
const begin = { sdl: compose({ a: 'type Query { a: Int }' }), kind: 'native', timeoutMs: 100 };

/** A router whose planner does this when it is asked for a plan. */
function start(does: string) {
  const busy = join(folder, 'busy.mjs');
  writeFileSync(
    busy,
    `import { writeSync } from 'node:fs';
     process.on('message', (message) => {
       if (!('id' in message)) return;
       writeSync(1, 'planner ' + process.pid + ' plans');
       ${does}
     });`,
  );
  const router = join(folder, 'router.mjs');
  writeFileSync(
    router,
    `import { fork } from 'node:child_process';
     const planner = fork(new URL(${JSON.stringify(main)}), {
       env: {}, serialization: 'advanced', stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
       execArgv: ['--disable-warning=ExperimentalWarning', '--import', ${JSON.stringify(busy)}],
     });
     planner.send(${JSON.stringify(begin)});
     planner.once('message', () => planner.send({ id: 1, document: { definitions: [] }, at: 0, overrides: {} }));`,
  );
  const child = spawn(process.execPath, [router], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let ended = false;
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  // Both write to it: it ends when both have.
  child.stdout.on('end', () => (ended = true));
  return { child, planner: () => Number(/planner (\d+) plans/.exec(said)?.[1] ?? 0), ended: () => ended };
}

it.each([
  ['its event loop is blocked', 'for (;;);'],
  ['it waits for nothing in particular', 'setInterval(() => undefined, 1_000);'],
  ['its thread waits in native code', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
])('a planner ends with its router, also when that is killed and %s', async (_when, does) => {
  const router = start(does);
  await until('it plans', () => router.planner() > 0);
  router.child.kill('SIGKILL');
  try {
    await until('both have ended', router.ended, 15_000);
  } finally {
    if (!router.ended()) process.kill(router.planner(), 'SIGKILL');
  }
  expect(router.ended()).toBe(true);
});
