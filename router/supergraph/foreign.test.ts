import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { until } from '../../test/support/until.ts';
import { startLibrary, type Library } from '../testing/library.ts';
import { connect, subscribe } from '../testing/subscriber.ts';

jest.setTimeout(30_000);

let library: Library;
let folder: string;
let file: string;
beforeAll(async () => {
  library = await startLibrary();
  folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  file = join(folder, 'supergraph.graphql');
});
afterAll(async () => {
  await library.close();
  await rm(folder, { recursive: true });
});

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await exited;
  }
});

interface Started {
  child: ChildProcess;
  url: string;
  output(): string;
}

/** `node router/main.ts`, with no setting but these. */
async function start(settings: NodeJS.ProcessEnv): Promise<Started> {
  const { JWT_PUBLIC_KEY } = await createDevelopmentKeys();
  const child = spawn(process.execPath, ['router/main.ts'], {
    env: {
      PRODUCT: 'none',
      LANDSCAPE: 'test',
      ROUTER_PORT: '0',
      JWT_PUBLIC_KEY,
      ROUTER_SECRET: 'a secret of a test',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await until(`it is ready or has ended: ${output}`, () => /"router is ready"/.test(output) || child.exitCode !== null);
  const port = /"port":(\d+)/.exec(output)?.[1] ?? '0';
  return { child, url: `http://127.0.0.1:${port}/graphql`, output: () => output };
}

async function ask(url: string, query: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

describe('node router/main.ts before a foreign supergraph', () => {
  it('answers from its subgraphs, where the supergraph says that they are', async () => {
    await writeFile(file, library.compose({}));
    const { url } = await start({ SUPERGRAPH: file });
    expect(await ask(url, 'query Story { book(id: 7) { title stars film { title year } } films { title } }')).toEqual({
      data: {
        book: { title: 'title 7', stars: 1, film: { title: 'film 7', year: 1999 } },
        films: [{ title: 'film 1' }],
      },
    });
    const { checks } = (await (await fetch(new URL('/readyz', url))).json()) as { checks: unknown };
    expect(checks).toEqual({ books: 'ok', 'film-archive': 'ok' });
  });

  it('goes where settings say instead, whatever the name', async () => {
    await writeFile(file, library.compose({ filmsUrl: 'http://127.0.0.1:1/nowhere' }));
    const { url } = await start({ SUPERGRAPH: file, FILM_ARCHIVE_URL: library.films.url });
    expect(await ask(url, '{ films { year } }')).toEqual({ data: { films: [{ year: 1999 }] } });
  });

  it('follows a subscription and completes its events', async () => {
    await writeFile(file, library.compose({}));
    const { url } = await start({ SUPERGRAPH: file });
    const subscriber = subscribe(connect(url), 'subscription { bookAdded { book { title film { title } } } }');
    await until('the owner has it', () => library.added.followers() === 1);
    library.added.publish('3');
    await subscriber.waitFor(1);
    expect(subscriber.data()).toEqual([{ bookAdded: { book: { title: 'title 3', film: { title: 'film 3' } } } }]);
    await subscriber.stop();
  });

  it('forces no rule of the product on a scalar of the same name, and offers none of its pages', async () => {
    await writeFile(file, library.compose({}));
    const { url } = await start({ SUPERGRAPH: file });
    expect(await ask(url, '{ printed(at: "yesterday") }')).toEqual({ data: { printed: 'printed yesterday' } });
    for (const path of ['/', '/config.json', '/dev/token', '/playground']) {
      expect((await fetch(new URL(path, url))).status).toBe(404);
    }
  });

  it('takes a new one on SIGHUP', async () => {
    await writeFile(file, library.compose({ filmField: '' }));
    const { child, url } = await start({ SUPERGRAPH: file, SUPERGRAPH_POLL_MS: '600000' });
    expect(await ask(url, '{ book(id: 1) { film { title } } }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    await writeFile(file, library.compose({}));
    child.kill('SIGHUP');
    const answer = { data: { book: { film: { title: 'film 1' } } } };
    await until('it is served', async () => {
      return JSON.stringify(await ask(url, '{ book(id: 1) { film { title } } }')) === JSON.stringify(answer);
    });
    expect(child.exitCode).toBeNull();
  });

  it.each([
    ['a file that is not there', undefined, /^SUPERGRAPH: .*no such file/m],
    ['no SDL', 'type Query {', /^SUPERGRAPH: .*Syntax Error/m],
    ['a schema that is no supergraph', 'type Query { a: Int }', /^SUPERGRAPH: .*no subgraph/m],
    ['a subgraph without an address', 'no address', /^FILM_ARCHIVE_URL: must be an address .*film-archive/m],
    [
      'an address with a user in it',
      'a user',
      /^FILM_ARCHIVE_URL: must be an address .*, without a user; it has one\.$/m,
    ],
    [
      'such an address in the supergraph',
      'a user there',
      /^FILM_ARCHIVE_URL: must be an address .*; the supergraph’s of the subgraph film-archive has one\.$/m,
    ],
  ])('says in one line what is wrong, and exits with 78: %s', async (_what, sdl, line) => {
    await rm(file, { force: true });
    const withUser = 'http://me:secret@127.0.0.1:1/';
    const filmsUrl = { 'no address': '', 'a user there': withUser }[sdl ?? ''];
    const composed =
      filmsUrl === undefined && sdl !== 'a user' ? sdl : library.compose(filmsUrl === undefined ? {} : { filmsUrl });
    if (composed !== undefined) await writeFile(file, composed);
    const { child, output } = await start({
      SUPERGRAPH: file,
      ...(sdl === 'a user' ? { FILM_ARCHIVE_URL: withUser } : {}),
    });
    expect(output()).not.toContain('secret');
    expect(output()).toMatch(line);
    expect(output().trim().split('\n')).toHaveLength(1);
    expect(child.exitCode).toBe(78);
  });

  it('says in one line that its port is taken, and exits with 78', async () => {
    await writeFile(file, library.compose({}));
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { child, output } = await start({ SUPERGRAPH: file, ROUTER_PORT: String(port) });
    taken.close();
    expect(output()).toMatch(new RegExp(`^Port ${port} is in use by another program.*\n$`));
    expect(child.exitCode).toBe(78);
  });

  it('says why an address cannot be read', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { child, output } = await start({ SUPERGRAPH: `http://127.0.0.1:${port}/` });
    expect(output()).toMatch(/^SUPERGRAPH: .*ECONNREFUSED/m);
    expect(child.exitCode).toBe(78);
  });
});
