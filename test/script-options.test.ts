import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

describe('a script that people run', () => {
  it.each([
    ['bench/day.ts', '--times'],
    ['bench/gateway/main.ts', '--rounds'],
    ['router/testing/differential/main.ts', '--operations'],
    ['test/faults/main.ts', '--runs'],
    ['test/mutations/main.ts', '--minutes'],
    ['test/simulation/main.ts', '--histories'],
  ])(
    '%s says in a line what it does not understand, and does nothing',
    (script, option) => {
      const run = (...args: string[]) => {
        const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, script), ...args], {
          encoding: 'utf8',
        });
        return { status, stderr, stdout };
      };
      const line = (words: string) => ({ status: 1, stderr: expect.stringMatching(`^${words}.*\n$`), stdout: '' });
      expect(run('--nonsense')).toEqual(line(`Unknown option '--nonsense'. The options are .*${option}`));
      expect(run(option, 'many')).toEqual(line(`${option} is "many". It must be a`));
    },
    60_000,
  );
});
