import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');
const suites = ['all', 'differential', 'faults', 'deploy'] as const;

/** How a suite ends: its exit code, and what it wrote before. */
interface Ending {
  code: number;
  passed?: number;
  failed?: number;
}

/** Takes the place of npm: a suite ends as its files say, and everything else is well. */
const npm = `#!/bin/sh
for word; do case $word in --outputFile=*) out=\${word#*=} ;; esac; done
[ -n "\${out:-}" ] || exit 0
name=$(basename "$out" .json)
[ -f "$ENDINGS/$name.json" ] && cp "$ENDINGS/$name.json" "$out"
exit "$(cat "$ENDINGS/$name.code")"
`;

describe('what CI runs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ci-'));
    mkdirSync(join(folder, 'bin'));
    mkdirSync(join(folder, 'tools/kube'), { recursive: true });
    cpSync(join(root, '.ci'), join(folder, '.ci'), { recursive: true });
    for (const [file, text] of [
      ['bin/npm', npm],
      ['bin/kubectl', '#!/bin/sh\n'],
      ['tools/kube/kube', '#!/bin/sh\n'],
    ] as const) {
      writeFileSync(join(folder, file), text, { mode: 0o755 });
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(endings: Partial<Record<(typeof suites)[number], Ending>>) {
    for (const name of suites) {
      const { code, passed, failed = 0 } = endings[name] ?? { code: 0, passed: 10 };
      writeFileSync(join(folder, `${name}.code`), String(code));
      if (passed === undefined) continue;
      const told = { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: 0, numPendingTests: 0 };
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(told));
    }
    const path = [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
    const env = { ...process.env, PATH: path, ENDINGS: folder, CI_TOOLS: join(folder, 'tools') };
    const { status, stdout } = spawnSync(join(folder, '.ci/run'), [], { encoding: 'utf8', env });
    return { status, last: stdout.trimEnd().split('\n').at(-1) };
  }

  it.each<[string, Parameters<typeof run>[0], { status: number; last: string }]>([
    ['passes where all suites do', {}, { status: 0, last: '40 passed, 0 failed' }],
    [
      'counts tests that failed',
      { all: { code: 1, passed: 8, failed: 2 } },
      { status: 1, last: '38 passed, 2 failed' },
    ],
    ['counts a suite that died without a result', { faults: { code: 1 } }, { status: 1, last: '30 passed, 1 failed' }],
    [
      'counts a suite that hung, or failed otherwise, after its tests had passed',
      { all: { code: 124, passed: 10 }, faults: { code: 1, passed: 10 } },
      { status: 1, last: '40 passed, 2 failed' },
    ],
    ['does not count a suite that was left out', { deploy: { code: 0 } }, { status: 0, last: '30 passed, 0 failed' }],
  ])('%s', (_, endings, ending) => {
    expect(run(endings)).toEqual(ending);
  });
});
