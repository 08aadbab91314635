/**
 * Places where a process may die at the worst moment. `CRASH_AT=<name>` makes it die there by SIGKILL, once, so that
 * tests can prove that nothing is lost; only in LANDSCAPE=development.
 */
export type CrashPoint =
  | 'at-start' // indexes made, views not yet caught up
  | 'before-insert' // decided, nothing stored
  | 'after-insert' // decided, not yet published
  | 'after-publish' // in the broker, not yet marked
  | 'after-mark'
  | 'during-sweep' // some of what was left over is in the broker
  | 'during-refill' // some of what the broker lost is in it again
  | 'after-receive' // nothing done yet
  | 'before-position' // handled, position not yet written
  | 'after-parking' // parked, not yet acknowledged
  | 'before-ack' // position written, not yet acknowledged
  | 'after-ack' // the acknowledgement may not have left
  | 'before-switch' // the view was rebuilt and compared, the old one is live
  | 'after-switch'; // the rebuilt view is live, and that is not recorded yet

/** Read once: a decision reaches several of them, and Node asks the system for each look at its environment. */
const crashAt = process.env['LANDSCAPE'] === 'development' ? process.env['CRASH_AT'] : undefined;

export function reachCrashPoint(name: CrashPoint): void {
  if (crashAt === name) process.kill(process.pid, 'SIGKILL');
}
