/**
 * `node bench/streams.ts [--engine secantusd-rs] [--out file]`: whether live streams lose or repeat anything while
 * connections are cut, routers and subgraphs restart and supergraphs change. README.md says how to read it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DATA_DIRECTORY, startDataPlane } from '../deploy/local/data-plane.ts';
import { disturb } from '../test/support/streams.ts';
import { readOptions } from '../schema/script-options.ts';
import { machine, versions } from './environment.ts';

const values = readOptions({
  engine: { type: 'string', default: 'secantusdb' },
  cuts: { type: 'string', default: '1000' },
  'router-restarts': { type: 'string', default: '20' },
  'subgraph-restarts': { type: 'string', default: '5' },
  reloads: { type: 'string', default: '20' },
  watchers: { type: 'string', default: '3' },
  riders: { type: 'string', default: '4' },
  seed: { type: 'string', default: '1' },
  out: { type: 'string' },
});

const directory = await mkdtemp(join(tmpdir(), 'streams-'));
const servers = await startDataPlane({
  directory,
  installDirectory: join(DATA_DIRECTORY, 'python'),
  env: { ...process.env, MONGODB_ENGINE: values.engine, MONGODB_URI: '', NATS_URL: '' },
  mongodbPort: 0,
  natsPort: 0,
  report: (line) => process.stderr.write(`${line}\n`),
});
try {
  const how = {
    cuts: Number(values.cuts),
    routerRestarts: Number(values['router-restarts']),
    subgraphRestarts: Number(values['subgraph-restarts']),
    reloads: Number(values.reloads),
    watchers: Number(values.watchers),
    changes: 0,
    riders: Number(values.riders),
    seed: Number(values.seed),
  };
  const outcome = await disturb(how, { MONGODB_URI: servers.mongodbUri, NATS_URL: servers.natsUrl });
  const sum = (count: (one: (typeof outcome.watchers)[number]) => number) =>
    outcome.watchers.reduce((total, one) => total + count(one), 0);
  const totals = {
    cuts: outcome.cuts,
    reconnects: sum(({ reconnects }) => reconnects),
    told: sum(({ told }) => told),
    lost: sum(({ lost }) => lost.length),
    repeated: sum(({ repeated }) => repeated.length),
    disordered: sum(({ disordered }) => disordered.length),
    ended: sum(({ ended }) => ended.length),
  };
  const result = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { ...(await versions()), servers: servers.servers.map(({ engine }) => engine) },
    how,
    totals,
    ...outcome,
  };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (values.out) await writeFile(values.out, text);
  process.stdout.write(`${JSON.stringify({ changes: outcome.changes, seconds: outcome.seconds, ...totals })}\n`);
  process.exitCode = totals.lost + totals.repeated + totals.disordered + totals.ended > 0 ? 1 : 0;
} finally {
  await servers.close();
  await rm(directory, { recursive: true, force: true });
}
