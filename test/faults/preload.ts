/**
 * Loaded into a service before its code (`node --import`). It ends with the process that started it. The file
 * CLOCK_FILE has its wall clock's offset in milliseconds and is read repeatedly, so that a test can make the clock
 * jump; timers and `performance` stay right, as on a machine whose clock is set.
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
