/**
 * Loaded into a service before its code (`node --import`). It ends with the process that started it. Its wall clock is off
 * by the milliseconds that stand in the file CLOCK_FILE, read over and over, so that a test can let it jump; timers and
 * `performance` stay right, as on a machine whose clock is set.
 */
import { readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';

const parent = process.ppid;
const file = process.env['CLOCK_FILE'] ?? '';
const RightDate = Date;
let offsetMs = 0;
const now = () => RightDate.now() + offsetMs;

function read(): void {
  try {
    offsetMs = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    offsetMs = 0;
  }
}

read();
setInterval(() => {
  if (process.ppid !== parent) process.exit();
  read();
}, 100).unref();

globalThis.Date = new Proxy(RightDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length > 0 ? given : [now()], newTarget) as Date,
  apply: () => new RightDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
});
