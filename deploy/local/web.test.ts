import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { build, PagesError, pageSources } from './web.ts';

const root = join(import.meta.dirname, '../..');

describe('npm start builds the pages', () => {
  it('anew when anything has changed that they are made of', () => {
    const imported = globSync('web/{*,src/**/*}.{ts,tsx}', { cwd: root }).flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) =>
        relative(root, join(root, dirname(file), path)),
      ),
    );
    const known = new Set(pageSources());
    expect(imported.length).toBeGreaterThan(100);
    expect([...new Set(imported)].filter((file) => !known.has(file))).toEqual([]);
  });

  it('or says in a line what is not installed', async () => {
    const building = build(join(root, 'node_modules/none/bin/none.js'));
    await expect(building).rejects.toThrow(PagesError);
    await expect(building).rejects.toThrow(/^The pages cannot be built: .*npm ci --include=dev$/);
  });
});
