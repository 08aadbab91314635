/**
 * `npm run test:engines`: tests what the platform and the views require of a database, on every available engine;
 * results go to bench/results/engines.json. An engine that is not on PATH is skipped, with the reason.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { machine, versions } from '../bench/environment.ts';
import { chooseMongodbEngine } from '../deploy/local/engines.ts';
import { freePort } from '../deploy/local/free-port.ts';
import { onPath } from '../deploy/local/processes.ts';
import { until } from './support/until.ts';

interface Engine {
  name: string;
  /** The program that must be on PATH; none where the engine is installed. */
  program?: string;
  /** Returns the settings under which the tests find it, and a function that stops what it started. */
  start(directory: string): Promise<{ env: NodeJS.ProcessEnv; close?: () => Promise<void> }>;
}

const chosen = (engine: string) => async () => ({ env: { MONGODB_ENGINE: engine } });
const engines: Engine[] = [
  { name: 'SecantusDB (wheel)', start: chosen('secantusdb') },
  { name: 'secantusd-rs', program: 'secantusd-rs', start: chosen('secantusd-rs') },
  { name: 'mongod, standalone', program: 'mongod', start: chosen('mongod') },
  { name: 'mongod, replica set', program: 'mongod', start: startReplicaSet },
];

const root = join(import.meta.dirname, '..');
const directory = await mkdtemp(join(tmpdir(), 'engines-'));
const results = [];
try {
  for (const engine of engines) {
    const result = await tryEngine(engine);
    results.push(result);
    console.log(JSON.stringify(result));
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
const file = join(root, 'bench/results/engines.json');
const told = { date: new Date().toISOString(), machine: machine(), versions: await versions(), engines: results };
await writeFile(file, `${JSON.stringify(told, null, 2)}\n`);
process.exitCode = results.some((result) => 'failed' in result && result.failed > 0) ? 1 : 0;

async function tryEngine({ name, program, start }: Engine) {
  if (program && !onPath(program, process.env)) return { name, skipped: `${program} is not on PATH` };
  const { env, close } = await start(directory);
  try {
    const { label } = chooseMongodbEngine({ env: { ...process.env, ...env }, report: console.log });
    const out = join(directory, 'jest.json');
    const jest = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const which = ['--selectProjects', 'servers', '--testPathPatterns', 'subgraphs/', '--json', '--outputFile', out];
    const child = spawn(process.execPath, [...jest, ...which], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    await once(child, 'exit');
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(await readFile(out, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      testResults: { name: string; status: string }[];
    };
    const failedFiles = testResults.filter(({ status }) => status === 'failed').map(({ name: path }) => path);
    return {
      name,
      version: label,
      passed: numPassedTests,
      failed: Math.max(numFailedTests, failedFiles.length),
      failedFiles: failedFiles.map((path) => path.slice(root.length + 1)),
    };
  } finally {
    await close?.();
  }
}

/** A single-node replica set, as in MongoDB's documentation. */
async function startReplicaSet(within: string) {
  const port = await freePort();
  const data = await mkdtemp(join(within, 'replica-set-'));
  const where = ['--dbpath', data, '--bind_ip', '127.0.0.1', '--port', `${port}`];
  const child = spawn('mongod', ['--replSet', 'rs0', ...where], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const connection = await mongoose.createConnection(`mongodb://127.0.0.1:${port}/?directConnection=true`).asPromise();
  const admin = connection.getClient().db('admin');
  await admin.command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
  await until('it is primary', async () => (await admin.command({ hello: 1 }))['isWritablePrimary'] === true);
  await connection.close();
  return {
    env: { MONGODB_ENGINE: 'mongod', TEST_MONGODB_URI: `mongodb://127.0.0.1:${port}/?replicaSet=rs0` },
    async close() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
