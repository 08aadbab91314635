import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../deploy/local/free-port.ts';
import { onPath } from '../../deploy/local/processes.ts';
import { readRuleGroups } from '../../deploy/monitoring/rules.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

/** Runs `npm run monitor` as on the command line. */
describe('npm run monitor', () => {
  let directory: string;
  const children = new Set<ChildProcess>();
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'monitor-'));
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });

  function monitor(env: NodeJS.ProcessEnv) {
    const child = spawn(process.execPath, ['deploy/monitoring/monitor.ts'], {
      env: { PATH: process.env['PATH'], DATA_DIRECTORY: directory, ...env },
    });
    children.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    return { child, ended, output: () => output };
  }

  it('says that Prometheus is missing, and how to get it', async () => {
    const { ended, output } = monitor({ PATH: directory });
    expect(await ended).toEqual([69, null]);
    expect(output()).toContain('npm run monitor:install');
  });

  const withPrometheus = onPath('prometheus', process.env) ? describe : describe.skip;
  withPrometheus('with Prometheus (npm run monitor:install)', () => {
    let system: TestSystem;
    beforeAll(async () => {
      system = await startSystem();
    }, 120_000);
    afterAll(() => system.close());

    /** The settings that say where the system listens. */
    const ports = (): Record<string, string> => ({
      ROUTER_PORT: new URL(system.routerUrl).port,
      ...Object.fromEntries(
        Object.values(system.services ?? {}).map(({ name, port }) => [`${name.toUpperCase()}_PORT`, String(port)]),
      ),
    });

    it('says that nothing runs', async () => {
      const nowhere = Object.fromEntries(Object.keys(ports()).map((name) => [name, '1']));
      const { ended, output } = monitor(nowhere);
      expect(await ended).toEqual([69, null]);
      expect(output()).toMatch(/^Nothing runs here .*npm start/);
    });

    it('watches every process by the rules of production, until Ctrl-C', async () => {
      const port = await freePort();
      const { child, ended, output } = monitor({ MONITOR_PORT: String(port), ...ports() });
      await until('the board is there', () => output().includes(`http://localhost:${port}/alerts`));
      const read = async (path: string) =>
        ((await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as { data: unknown }).data;

      await until('every process is up', async () => {
        const { result } = (await read(`query?query=${encodeURIComponent('sum(up)')}`)) as {
          result: { value: [number, string] }[];
        };
        return result[0]?.value[1] === String(subgraphNames.length + 1);
      });
      const { groups } = (await read('rules')) as { groups: { rules: { name: string; health: string }[] }[] };
      const alerts = groups.flatMap(({ rules }) => rules.map(({ name }) => name));
      expect(alerts.sort()).toEqual(
        readRuleGroups()
          .flatMap(({ rules }) => rules.map(({ alert }) => alert))
          .sort(),
      );

      child.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
      await expect(fetch(`http://127.0.0.1:${port}/-/ready`)).rejects.toThrow();
    });
  });
});
