import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { pageAddresses } from '../../schema/page-addresses.ts';
import { resolvePage } from '../../router/product/static-pages.ts';

interface Ingress {
  kind: string;
  spec: { rules: { http: { paths: { path: string; pathType: string }[] } }[] };
}

const manifests = join(import.meta.dirname, '../../deploy/kubernetes');
const ingresses = globSync('**/*.yaml', { cwd: manifests }).flatMap((file) =>
  parseAllDocuments(readFileSync(join(manifests, file), 'utf8'))
    .map((document) => document.toJS() as Ingress | null)
    .filter((manifest) => manifest?.kind === 'Ingress')
    .map((manifest) => ({ file, paths: manifest?.spec.rules.flatMap(({ http }) => http.paths) ?? [] })),
);

it('there is an ingress', () => expect(ingresses).not.toEqual([]));

it.each(ingresses)(
  '$file lets every page through, also with a slash at its end, and nothing else below /',
  ({ paths }) => {
    const open = paths.map(({ path, pathType }) => `${path} ${pathType}`);
    const expected = Object.values(pageAddresses).map((path) => (path === '/' ? '/ Exact' : `${path} Prefix`));
    expect(open).toEqual(expect.arrayContaining(expected));
  },
);

it.each(ingresses)('$file lets everybody sign in and at the open data, and staff at exports', ({ paths }) => {
  const open = paths.filter(({ pathType }) => pathType === 'Prefix').map(({ path }) => path);
  expect(open).toEqual(expect.arrayContaining(['/auth', '/gbfs', '/openapi', '/exports']));
});

it.each(ingresses)('$file lets everybody install the pages', ({ paths }) => {
  const open = paths.map(({ path, pathType }) => `${path} ${pathType}`);
  expect(open).toEqual(expect.arrayContaining(['/app Prefix', '/service-worker.js Exact', '/assets Prefix']));
});

it.each(Object.values(pageAddresses))('the router answers %s with a document', (address) => {
  expect(resolvePage(address)).toMatch(/\.html$/);
  expect(resolvePage(`${address}/`.replace('//', '/'))).toBe(resolvePage(address));
});
