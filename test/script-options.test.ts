import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

describe('a script that people run', () => {
  const isMany = 'is "many"\\. It must be a .+';
  const isUnknown = "Unknown option '--nonsense'\\. The options are --.+";
  it.each([
    ['bench/city.ts', ['--nonsense'], isUnknown],
    ['bench/day.ts', ['--times', 'many'], `--times ${isMany}`],
    ['bench/gateway/main.ts', ['--rounds', 'many'], `--rounds ${isMany}`],
    ['bench/map.ts', ['--nonsense'], isUnknown],
    ['bench/rebuild.ts', ['--nonsense'], isUnknown],
    ['bench/recovery.ts', ['--nonsense'], isUnknown],
    ['bench/router-cost.ts', ['--nonsense'], isUnknown],
    ['bench/screen.ts', ['--nonsense'], isUnknown],
    ['bench/streams.ts', ['--nonsense'], isUnknown],
    ['router/testing/differential/main.ts', ['--operations', 'many'], `--operations ${isMany}`],
    ['test/faults/main.ts', ['--runs', 'many'], `--runs ${isMany}`],
    ['test/mutations/main.ts', ['--minutes', 'many'], `--minutes ${isMany}`],
    ['test/simulation/main.ts', ['--histories', 'many'], `--histories ${isMany}`],
  ])('says in a line what it does not understand, and does nothing: %s %j', (script, args, line) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, script), ...args], { encoding: 'utf8' });
    expect({ status, stderr, stdout }).toEqual({ status: 1, stderr: expect.stringMatching(`^${line}\n$`), stdout: '' });
  });
});
