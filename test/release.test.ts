import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const json = (path: string) => JSON.parse(read(path)) as Record<string, unknown>;
const { version } = json('package.json') as { version: string };
const headings = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);

/** The version as the script that builds images labels them. */
function labelled(): string {
  const line = /^VERSION=.+$/m.exec(read('deploy/build-image.sh'))?.[0] ?? '';
  const environment = { PATH: process.env['PATH'] ?? '' };
  return execFileSync('bash', ['--norc', '-c', `${line}; echo "$VERSION"`], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
  }).trim();
}

describe('the version', () => {
  it('is the same in package.json, its lock, the image’s label and the manifests', () => {
    const { images } = parse(read('deploy/kubernetes/base/kustomization.yaml')) as {
      images: { name: string; newTag: string }[];
    };
    expect({
      lock: (json('package-lock.json') as { version: string }).version,
      image: labelled(),
      manifests: images.find(({ name }) => name === 'ttareungi')?.newTag,
      releaser: json('.github/release-please-manifest.json')['.'],
    }).toEqual({ lock: version, image: version, manifests: version, releaser: version });
    expect(read('deploy/Dockerfile')).toContain('org.opencontainers.image.version="${VERSION}"');
  });

  it('is the newest release of the changelog, below what is not released', () => {
    expect(headings[0]).toBe('Unreleased');
    expect(headings[1]).toMatch(new RegExp(`^${version.replaceAll('.', '\\.')} - \\d{4}-\\d\\d-\\d\\d$`));
  });

  it('is where the releaser writes the next one', () => {
    const { packages } = json('.github/release-please-config.json') as {
      packages: { '.': { 'extra-files': string[] } };
    };
    for (const path of packages['.']['extra-files']) {
      expect(
        read(path)
          .split('\n')
          .filter((line) => line.includes('x-release-please-version')),
      ).toEqual([expect.stringContaining(version)]);
    }
  });

  it('comes down the changelog once each, the newest first', () => {
    const released = headings.slice(1).map((heading) => heading.replace(/ - .*/, ''));
    const sorted = released.toSorted((one, other) => other.localeCompare(one, 'en', { numeric: true }));
    expect(released).toEqual([...new Set(sorted)]);
  });
});
