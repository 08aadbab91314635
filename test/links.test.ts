import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');
const isOurs = (name: string) => !/^(node_modules|dist|coverage|\..*)$/.test(name);
const pages = globSync('**/*.md', { cwd: root, exclude: (name) => !isOurs(name) });

/** As the places that show Markdown make them. */
const anchorsOf = (text: string) =>
  [...text.replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );

/** `[text](target)` with a target in this project, code left out. */
const targetsOf = (text: string) =>
  [...text.replace(/^```[^]*?^```|`[^`\n]*`/gm, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

describe('links in documents', () => {
  it('lead to something that is there', () => {
    expect(pages).toContain('README.md');
    const broken = pages.flatMap((page) => {
      const at = join(root, page);
      return targetsOf(readFileSync(at, 'utf8'))
        .filter((target) => {
          const [path = '', anchor] = target.split('#');
          const to = path === '' ? at : join(dirname(at), decodeURIComponent(path));
          if (!existsSync(to)) return true;
          return anchor !== undefined && to.endsWith('.md') && !anchorsOf(readFileSync(to, 'utf8')).includes(anchor);
        })
        .map((target) => `${relative(root, at)}: ${target}`);
    });
    expect(broken).toEqual([]);
  });
});
