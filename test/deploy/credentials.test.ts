import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { brokerUserNames, passwordSetting } from '../../deploy/broker/users.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';

const root = join(import.meta.dirname, '../..');
const run = (script: string, ...args: string[]) =>
  execFileSync(process.execPath, [join(root, script), ...args], { encoding: 'utf8' });

describe('the credentials of containers', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'compose-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = (name: string) => readFileSync(join(folder, `${name}.env`), 'utf8');
  const make = () => run('deploy/compose-keys.ts', folder);

  it('are made once: each subgraph has its own, which the broker knows', () => {
    make();
    const before = ['development', 'broker', ...subgraphNames].map(read);
    make();
    expect(['development', 'broker', ...subgraphNames].map(read)).toEqual(before);
    const broker = parseEnv(read('broker'));
    expect(Object.keys(broker).sort()).toEqual(brokerUserNames.map(passwordSetting).sort());
    for (const name of subgraphNames) {
      expect(parseEnv(read(name))['NATS_PASSWORD']).toBe(broker[passwordSetting(name)]);
    }
  });

  it('are made for a subgraph that came with an update, and the others keep theirs', () => {
    make();
    const { STATION_NATS_PASSWORD: _, ...before } = parseEnv(read('broker'));
    rmSync(join(folder, 'station.env'));
    const lines = Object.entries(before).map(([setting, value]) => `${setting}='${value}'\n`);
    writeFileSync(join(folder, 'broker.env'), lines.join(''));
    make();
    const after = parseEnv(read('broker'));
    expect(after).toEqual({ ...before, STATION_NATS_PASSWORD: expect.stringMatching(/^p/) });
    expect(parseEnv(read('station'))['NATS_PASSWORD']).toBe(after['STATION_NATS_PASSWORD']);
  });
});

describe('the secrets of a cluster', () => {
  interface Secret {
    metadata: { name: string };
    data: Record<string, string>;
  }
  const secrets = (...args: string[]) => {
    const { items } = JSON.parse(run('deploy/kubernetes/secrets.ts', ...args)) as { items: Secret[] };
    return new Map(items.map(({ metadata, data }) => [metadata.name, data]));
  };
  const wordIn = (value = '') => Buffer.from(value, 'base64').toString();

  it('are a database’s and a broker’s for each subgraph, the broker’s own and the router’s', () => {
    const all = secrets('--members', '3', '--development');
    expect([...all.keys()].sort()).toEqual(
      [
        ...subgraphNames.flatMap((name) => [`${name}-database`, `${name}-broker`]),
        ...['broker', 'router-secret', 'token-verification', 'development-keys'],
      ].sort(),
    );
    expect(Object.keys(all.get('broker') ?? {}).sort()).toEqual(brokerUserNames.map(passwordSetting).sort());
    expect(wordIn(all.get('bike-database')?.['uri'])).toMatch(
      /@mongodb-bike-0\..+,mongodb-bike-1\..+,mongodb-bike-2\./,
    );
  });

  it('are only those of one subgraph for an installation that has the others', () => {
    const own = secrets('--only', 'station', '--members', '3');
    expect([...own.keys()].sort()).toEqual(['broker', 'station-broker', 'station-database']);
    expect(own.get('broker')).toEqual({ STATION_NATS_PASSWORD: own.get('station-broker')?.['NATS_PASSWORD'] });
  });

  const members = 'It must be one of 1, 3, 5, 7.';
  it.each([
    [
      ['--only', 'stations'],
      '--only is "stations". It must be one of approval, reservation, point, bike, dashboard, station.',
    ],
    [['--members', 'three'], `--members is "three". ${members}`],
    [['--members', '0'], `--members is "0". ${members}`],
    [['--members', '4'], `--members is "4". ${members}`],
    [['--member', '3'], "Unknown option '--member'. The options are --members, --development, --only."],
  ])('are not made for %j: a line says why, and nothing is there to be created', (args, line) => {
    const script = join(root, 'deploy/kubernetes/secrets.ts');
    const { status, stderr, stdout } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    expect({ status, stderr, stdout }).toEqual({ status: 1, stderr: `${line}\n`, stdout: '' });
  });
});
