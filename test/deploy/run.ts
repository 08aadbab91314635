/** `npm run test:deploy [-- <jest's options>]`: the manifests on a real control plane, with real processes for pods. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findKube, root, writeImageMap } from './tool.ts';

const kube = findKube();
const map = 'missing' in kube ? kube : await writeImageMap();
if ('missing' in kube || 'missing' in map) {
  const missing = 'missing' in kube ? kube.missing : 'missing' in map ? map.missing : '';
  process.stdout.write(`skipped: ${missing}\n`);
  process.exit(0);
}
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const options = ['--config', 'test/deploy/jest.config.js', '--runInBand', ...process.argv.slice(2)];
const child = spawn(
  kube.command,
  ['run', '--map', map.file, '--nodes', '3', '--metrics', '--', process.execPath, ...jest, ...options],
  { cwd: root, stdio: 'inherit' },
);
process.on('SIGINT', () => child.kill('SIGINT'));
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
