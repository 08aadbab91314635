import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers as natsHeaders } from '@nats-io/transport-node';
import { runOps } from '../../cli/ops/ops.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const ops = (env: NodeJS.ProcessEnv, ...argv: string[]) => runOps(argv, env);

describe('npm run ops', () => {
  let system: TestSystem;
  let url: string[];
  beforeAll(async () => {
    system = await startSystem();
    url = ['--url', system.routerUrl];
    const broker = await connect({ servers: system.env['NATS_URL'] ?? '' });
    const header = natsHeaders();
    header.set('ce-sequence', '1');
    await jetstream(broker).publish(`${system.name}.approval.approval-77`, 'no event', { headers: header });
    await broker.close();
  }, 240_000);
  afterAll(() => system.close());

  const listed = async () => JSON.parse((await ops({}, 'parked', '--json', ...url)).out) as { nodes: { id: string }[] };

  it('shows the services, for people and for programs', async () => {
    const { out, exitCode } = await ops({}, 'services', ...url);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^SERVICE +STATUS +UP SINCE/);
    expect(out).toMatch(/^reservation +UP +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +0 +\d+ +0$/m);
  });

  it('is a program of its own', async () => {
    const main = join(import.meta.dirname, '../../cli/ops/main.ts');
    const child = spawn(process.execPath, [main, 'services', '--json', ...url], { env: { PATH: process.env['PATH'] } });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    expect(JSON.parse(await text(child.stdout))).toHaveLength(subgraphNames.length);
    expect(await exited).toBe(0);
  });

  it('lists, shows and discards what is parked', async () => {
    await until('both followers parked it', async () => (await listed()).nodes.length === 2, 60_000, 500);
    const table = await ops({}, 'parked', '--service', 'point', ...url);
    expect(table.out).toMatch(/^ID +EVENT +WHY/);
    expect(table.out.split('\n')).toHaveLength(2);
    const [parked] = (await listed()).nodes;
    const id = parked?.id ?? '';

    const shown = await ops({}, 'show', id, ...url);
    expect(shown).toMatchObject({ exitCode: 0, out: expect.stringContaining('no event') });
    const redriven = await ops({}, 'redrive', id, ...url);
    expect(redriven).toMatchObject({ exitCode: 1, out: expect.stringContaining('STILL_FAILING: ') });
    const discarded = await ops({}, 'discard', id, '--reason', 'Typed by hand.', ...url);
    expect(discarded).toMatchObject({ exitCode: 0, out: 'Discarded.' });
    const after = await ops({}, 'show', id, ...url);
    expect(after.out).toMatch(/DISCARD by ops: Typed by hand\.$/);
    expect((await listed()).nodes).toHaveLength(1);
  }, 120_000);

  it('says what is the matter, with an exit code for each', async () => {
    expect(await ops({}, 'show', 'point:nothing', ...url)).toMatchObject({
      exitCode: 66,
      err: expect.stringContaining('No service has a parked event "point:nothing"'),
    });
    expect(await ops({}, 'services', '--url', 'http://127.0.0.1:1')).toMatchObject({
      exitCode: 69,
      err: expect.stringContaining('Nothing answers at http://127.0.0.1:1'),
    });
    const auditor = { TTAREUNGI_TOKEN: await system.token('auditor', ['auditor']) };
    expect(await ops(auditor, 'parked', ...url)).toMatchObject({ exitCode: 0 });
    expect(await ops(auditor, 'redrive', 'x', ...url)).toMatchObject({
      exitCode: 77,
      err: 'You may not do this: This needs the role admin.',
    });
    expect(await ops({ TTAREUNGI_TOKEN: 'nonsense' }, 'parked', ...url)).toMatchObject({
      exitCode: 77,
      err: expect.stringContaining('TTAREUNGI_TOKEN is not accepted'),
    });
    expect(await ops({}, 'discard', 'x', ...url)).toMatchObject({ exitCode: 64 });
    const long = await ops({}, 'discard', 'x', '--reason', 'x'.repeat(501), ...url);
    expect(long).toMatchObject({ exitCode: 64, err: expect.stringContaining('500 characters') });
  }, 120_000);

  it('has the dashboard rebuilt, and says how far that is', async () => {
    const lines: string[] = [];
    const done = await runOps(['rebuild', ...url], {}, (line) => lines.push(line));
    expect(done).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('the rebuilt view is live. Nothing differs.'),
    });
    expect(lines.at(-1)).toMatch(/^1: switched, \d+ of \d+ events$/);
    const { out } = await ops({}, 'rebuilds', ...url);
    expect(out.split('\n')[1]).toMatch(/^1 +SWITCHED +ops /);
    expect((await ops({ TTAREUNGI_TOKEN: await system.token('one', ['operator']) }, 'rebuild', ...url)).exitCode).toBe(
      77,
    );
  }, 120_000);
});
