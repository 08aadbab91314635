import { watch, type FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Where the supergraph's SDL comes from. */
export interface SupergraphSource {
  /**
   * The SDL; undefined while it is what was read last.
   * @throws {Error} when it cannot be read.
   */
  read(): Promise<string | undefined>;
  /** Calls back whenever it may have changed. @returns how to stop. */
  watch(mayHaveChanged: () => void): () => void;
}

export interface SourceOptions {
  pollMs: number;
  /** Of an address: how long it may take to answer. */
  timeoutMs: number;
  /** Of an address: what its server is sent, such as a token; `name:value`. */
  headers?: readonly string[];
}

/** @param place a file, or an address. */
export function createSource(place: string, options: SourceOptions): SupergraphSource {
  return /^https?:\/\//i.test(place) ? addressSource(place, options) : fileSource(place, options);
}

/** Editors and `cp` write a file in several steps: it is read once nothing has happened to it for so long. */
const settleMs = 100;

function fileSource(path: string, { pollMs }: SourceOptions): SupergraphSource {
  let version: string | undefined;
  let last: string | undefined;

  return {
    async read() {
      const { mtimeMs, size, ino } = await stat(path);
      const found = `${mtimeMs} ${size} ${ino}`;
      if (found === version) return undefined;
      const text = await readFile(path, 'utf8');
      version = found;
      if (text === last) return undefined;
      return (last = text);
    },
    watch(mayHaveChanged) {
      let settling: NodeJS.Timeout | undefined;
      const onEvent = () => {
        clearTimeout(settling);
        settling = setTimeout(mayHaveChanged, settleMs);
      };
      const watcher = watcherOf(path, onEvent);
      const timer = setInterval(mayHaveChanged, pollMs).unref();
      return () => {
        clearTimeout(settling);
        clearInterval(timer);
        watcher?.close();
      };
    },
  };
}

/** Where there is none (a machine has so many), or it fails or sees nothing, as on network drives, polling goes on. */
function watcherOf(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    // The folder, because a file that is replaced is another one; Kubernetes replaces a link beside a ConfigMap's file.
    const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name === null || name === basename(path) || name.startsWith('..')) onEvent();
    });
    return watcher.on('error', () => watcher.close());
  } catch {
    return undefined;
  }
}

/** As browsers do. */
const maxRedirects = 20;

/** Headers may be secret: where an answer leads to another server, they stay here (fetch keeps back a few only). */
async function get(address: URL, own: Record<string, string>, options: RequestInit): Promise<Response> {
  let url = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const headers = url.origin === address.origin ? own : {};
    const response = await fetch(url, { ...options, headers, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    url = withoutUser(new URL(location, url));
  }
  throw new Error('It is led on and on.');
}

/** A header and its value, without a comma. Not: what belongs to the connection, or is said here. */
export const sourceHeader =
  /^(?!(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-[\w-]+|if-[\w-]+):)[\w!#$%&'*+.^`|~-]+:[ \t]*[\x21-\x7e]+( +[\x21-\x7e]+)*$/i;

const headersIn = (lines: readonly string[]) =>
  Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));

/** fetch takes no address with a user in it, and says so with all of it. */
function withoutUser(url: URL): URL {
  return Object.assign(new URL(url), { username: '', password: '' });
}

/** A user and a password in the address, as the header that they stand for. */
function signingIn(address: string): Record<string, string> {
  const { username, password } = new URL(address);
  if (username === '' && password === '') return {};
  const both = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(both).toString('base64')}` };
}

function addressSource(address: string, { pollMs, timeoutMs, headers = [] }: SourceOptions): SupergraphSource {
  let tag: string | undefined;
  let last: string | undefined;

  return {
    async read() {
      const own = { ...signingIn(address), ...headersIn(headers) };
      const known = tag === undefined ? own : { ...own, 'if-none-match': tag };
      const response = await get(withoutUser(new URL(address)), known, { signal: AbortSignal.timeout(timeoutMs) });
      if (response.status === 304) return undefined;
      if (!response.ok) throw new Error(`It is answered with status ${response.status}.`);
      const text = await response.text();
      tag = response.headers.get('etag') ?? undefined;
      if (text === last) return undefined;
      return (last = text);
    },
    watch(mayHaveChanged) {
      const timer = setInterval(mayHaveChanged, pollMs).unref();
      return () => clearInterval(timer);
    },
  };
}
