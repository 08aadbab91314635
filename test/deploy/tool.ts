import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DATA_DIRECTORY } from '../../deploy/local/data-plane.ts';
import { natsLaunch } from '../../deploy/local/engines.ts';
import { onPath } from '../../deploy/local/processes.ts';

export const root = join(import.meta.dirname, '../..');

/**
 * The command `kube`, which starts a control plane whose pods are local processes: `KUBE_TOOL`, else the one on PATH.
 * Without one, the reason.
 */
export function findKube(): { command: string } | { missing: string } {
  if (process.platform !== 'linux') return { missing: 'kube needs Linux' };
  if (!onPath('kubectl', process.env)) return { missing: 'kubectl is not on PATH' };
  const command = process.env['KUBE_TOOL'] || onPath('kube', process.env);
  return command ? { command } : { missing: 'no kube: set KUBE_TOOL, or put it on PATH' };
}

export const overlays = ['development', 'production'] as const;

/** The manifests of an overlay, as YAML. @throws {Error} with the output of kustomize. */
export function buildOverlay(overlay: string): string {
  const { ok, output } = run('kubectl', ['kustomize', `deploy/kubernetes/overlays/${overlay}`]);
  if (!ok) throw new Error(output);
  return output;
}

/** The database that stands in for the image `mongo`: light enough for six of them. */
function findDatabase(): string | undefined {
  const data = '"$VOLUME_DATA"';
  const secantus = onPath('secantusd-rs', process.env);
  if (secantus) {
    const config = join(mkdtempSync(join(tmpdir(), 'deploy-')), 'secantus.toml');
    writeFileSync(config, '');
    return `exec ${secantus} --config ${config} --storage-path ${data} --host 0.0.0.0 --port 27017 --cache-size 128M --sync-on-commit`;
  }
  const mongod = onPath('mongod', process.env);
  return mongod && `exec ${mongod} --dbpath ${data} --bind_ip_all --wiredTigerCacheSizeGB 0.25`;
}

const imageEnvironment = { PATH: process.env['PATH'], NODE_ENV: 'production', HOST: '0.0.0.0' };

/** Writes the command of each image; returns the file, or why the servers are missing. */
export async function writeImageMap(): Promise<{ file: string } | { missing: string }> {
  const database = findDatabase();
  if (!database) return { missing: 'neither mongod nor secantusd-rs is on PATH' };
  const directory = mkdtempSync(join(tmpdir(), 'deploy-'));
  const { command: nats } = await natsLaunch(0, {
    data: directory,
    logs: directory,
    installDirectory: join(DATA_DIRECTORY, 'python'),
    env: process.env,
    report: (line) => process.stderr.write(`${line}\n`),
    signal: new AbortController().signal,
  });
  const cache = join(directory, 'compile-cache');
  // Volumes are not mounted: variables have their folders, and the image's arguments with paths go to the shell.
  const shell = (script: string) => ['bash', '-c', script];
  const map = {
    // As the Dockerfile has it.
    'ttareungi:': { command: [process.execPath], cwd: root, env: { ...imageEnvironment, NODE_COMPILE_CACHE: cache } },
    'mongo:': { command: shell(database) },
    'nats:': {
      command: shell(
        `sed "s#/data#$VOLUME_DATA#" "$VOLUME_SETTINGS/one.conf" > "$VOLUME_DATA/nats.conf" && cp "$VOLUME_SETTINGS/users.conf" "$VOLUME_DATA" && exec ${nats} --config "$VOLUME_DATA/nats.conf"`,
      ),
    },
  };
  const file = join(directory, 'map.json');
  writeFileSync(file, JSON.stringify(map, null, 2));
  return { file };
}

/** Runs a command to its end; returns its output, and whether it succeeded. */
export function run(command: string, args: readonly string[], input?: string): { ok: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', input, timeout: 120_000 });
  return { ok: status === 0, output: `${stdout}${stderr}` };
}

/** Runs a command while this process goes on; returns its output. @throws {Error} when it fails. */
export async function runAsync(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
