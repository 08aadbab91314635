import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataPlaneError } from './data-plane-error.ts';
import { takeLock } from './lock.ts';
import { commandLine, startTime } from './processes.ts';
import { reset } from './reset.ts';

let directory: string;
let sleeper: ChildProcess;
let pid: number;
const lockFile = () => join(directory, 'lock');
const gone = { pid: process.pid, startedAt: 'another time' };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lock-'));
  sleeper = spawn('sleep', ['60']);
  pid = sleeper.pid ?? 0;
});
afterEach(() => {
  sleeper.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

const recorded = () => ({ pid, startedAt: startTime(pid) ?? '', command: commandLine(pid) ?? '' });
const leaveLock = (servers: object[]) => writeFileSync(lockFile(), JSON.stringify({ ...gone, servers }));

describe('the lock of a data folder', () => {
  it('is refused while its holder lives, and names the holder', async () => {
    const lock = await takeLock(directory);
    await expect(takeLock(directory)).rejects.toThrow(new RegExp(`in use by process ${process.pid}`));
    lock.release();
    (await takeLock(directory)).release();
    expect(existsSync(lockFile())).toBe(false);
  });

  it('is taken over from a process that has ended, also when its pid was given to another', async () => {
    leaveLock([]);
    await takeLock(directory);
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({ startedAt: startTime(process.pid) });
  });

  it('is taken over when a crash cut it off', async () => {
    writeFileSync(lockFile(), '{"pid": 1');
    await expect(takeLock(directory)).resolves.toBeDefined();
  });

  it('ends the servers that the process before has left running', async () => {
    leaveLock([recorded()]);
    await takeLock(directory);
    expect(startTime(pid)).toBeUndefined();
  });

  it.each(['startedAt', 'command'])('spares a process of the same pid with another %s', async (key) => {
    leaveLock([{ ...recorded(), [key]: 'of a stranger' }]);
    await takeLock(directory);
    expect(startTime(pid)).toBeDefined();
  });

  it('records servers so that the next holder can recognise them', async () => {
    const lock = await takeLock(directory);
    lock.record([pid]);
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({ servers: [recorded()] });
  });

  it('says so when the folder cannot be written', async () => {
    await expect(takeLock(join('/dev/null', 'data'))).rejects.toThrow(DataPlaneError);
    await expect(takeLock(join('/dev/null', 'data'))).rejects.toThrow(/Cannot write to .*ENOTDIR/);
  });
});

describe('reset', () => {
  const leave = (...names: string[]) => names.forEach((name) => writeFileSync(join(directory, name), ''));
  const left = (...names: string[]) => names.filter((name) => existsSync(join(directory, name)));

  it('is refused while the folder is in use', async () => {
    leave('data');
    await takeLock(directory);
    await expect(reset(directory, true)).rejects.toThrow(/in use by process/);
    expect(left('data')).toEqual(['data']);
  });

  it('removes data and logs, keeps the installed servers and what is not ours', async () => {
    leave('data', 'logs', 'python', 'letter.txt');
    await reset(directory, false);
    expect(left('data', 'logs', 'lock', 'python', 'letter.txt')).toEqual(['python', 'letter.txt']);
  });

  it('removes the installed servers too when asked for all', async () => {
    leave('data', 'python');
    await reset(directory, true);
    expect(left('data', 'python')).toEqual([]);
  });
});
