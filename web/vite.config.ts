import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { documentOf, pageAddresses, type PlaceName } from '../schema/page-addresses.ts';

const routerUrl = process.env['ROUTER_URL'] ?? 'http://127.0.0.1:8088';

/** With the router's own origin: it answers no other. */
const toRouter = { target: routerUrl, changeOrigin: true, headers: { origin: routerUrl } };

/** The router serves these addresses; so does the development server. */
const documents = new Map<string, string>(
  (Object.keys(pageAddresses) as PlaceName[]).map((place) => [pageAddresses[place], `/${documentOf(place)}`]),
);

const pagesOfRouter: Plugin = {
  name: 'page-addresses',
  configureServer(server) {
    server.middlewares.use((request, _response, next) => {
      const [path = '', search] = request.url?.split('?') ?? [];
      const page = documents.get(path);
      if (page) request.url = search ? `${page}?${search}` : page;
      next();
    });
  },
};

/** GraphiQL's style sheet carries its fonts as data: addresses, which the content security policy forbids. */
const fontsAsFiles: Plugin = {
  name: 'fonts-as-files',
  enforce: 'post',
  generateBundle(_options, bundle) {
    for (const asset of Object.values(bundle)) {
      if (asset.type !== 'asset' || !asset.fileName.endsWith('.css')) continue;
      asset.source = asset.source
        .toString()
        .replace(/url\(["']?data:font\/(\w+)[^,]*;base64,([^"')]+)["']?\)/g, (_url, kind: string, base64: string) => {
          const source = Buffer.from(base64, 'base64');
          const file = this.emitFile({ type: 'asset', name: `font.${kind}`, source });
          return `url(/${this.getFileName(file)})`;
        });
    }
  },
};

/** JavaScript that a page may load before it shows what it is for, gzipped. */
const firstLoadLimit = 200_000;
/** GraphiQL weighs so much by itself, and loads its editor after that; this limit notices what comes on top. */
const playgroundLimit = 400_000;

/** Fails the build when the first load of a page weighs too much: what its document and the page itself load at once. */
const firstLoad: Plugin = {
  name: 'first-load',
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((output) => output.type === 'chunk');
    const sizes = new Map(chunks.map(({ fileName, code }) => [fileName, gzipSync(code).length]));
    for (const place of Object.keys(pageAddresses) as PlaceName[]) {
      const sources = [`/${documentOf(place)}`, `/src/features/${place}/page.tsx`];
      const files = new Set<string>();
      const add = (file: string) => {
        const chunk = bundle[file];
        if (chunk?.type !== 'chunk' || files.has(file)) return;
        files.add(file);
        chunk.imports.forEach(add);
      };
      for (const { facadeModuleId, fileName } of chunks)
        if (sources.includes(facadeModuleId?.slice(import.meta.dirname.length) ?? '')) add(fileName);
      const bytes = [...files].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
      const limit = place === 'playground' ? playgroundLimit : firstLoadLimit;
      const found = `The first load of ${pageAddresses[place]} is ${Math.round(bytes / 1000)} kB of JavaScript (gzip) in ${files.size} files`;
      if (files.size < 2 || bytes > limit) this.error(`${found}; allowed are ${limit / 1000} kB.`);
      this.info(`${found}.`);
    }
  },
};

/** The service worker of this build: its version changes with any file, its pages are those of the router. */
const serviceWorker: Plugin = {
  name: 'service-worker',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
      const text = read('service-worker.js');
      // Names in the bundle have the hash of their content.
      const parts = [...Object.keys(bundle).sort(), read('public/app/offline.html'), text];
      const version = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
      const source = text
        .replace('__VERSION__', version)
        .replace('__PAGES__', JSON.stringify(Object.values(pageAddresses)));
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source });
    },
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), pagesOfRouter, fontsAsFiles, firstLoad, serviceWorker],
  // Workers are files of their own, which the dependency optimizer cannot bundle.
  optimizeDeps: { exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'] },
  server: {
    fs: { allow: ['../..'] },
    proxy: { '/graphql': { ...toRouter, ws: true }, '/dev': toRouter, '/config.json': toRouter, '/exports': toRouter },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The content security policy allows files of this origin and no data: addresses.
    assetsInlineLimit: 0,
    // Monaco, the playground's editor, is one large piece by nature.
    chunkSizeWarningLimit: 4_000,
    rolldownOptions: {
      input: [...new Set(documents.values())].map((document) => document.slice(1)),
      // GraphiQL's modules carry directives for a compiler that has already run: ignoring them loses nothing.
      onLog(level, log, report) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
});
