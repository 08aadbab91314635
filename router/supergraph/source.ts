import { watch } from 'node:fs';
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
      // The folder, because a file that is replaced is another one; Kubernetes replaces a link beside a ConfigMap's file.
      const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
        if (name === null || name === basename(path) || name.startsWith('..')) onEvent();
      });
      // Where the watcher fails or sees nothing, as on network drives, polling goes on.
      watcher.on('error', () => watcher.close());
      const timer = setInterval(mayHaveChanged, pollMs).unref();
      return () => {
        clearTimeout(settling);
        clearInterval(timer);
        watcher.close();
      };
    },
  };
}

function addressSource(address: string, { pollMs, timeoutMs }: SourceOptions): SupergraphSource {
  let tag: string | undefined;
  let last: string | undefined;

  return {
    async read() {
      const response = await fetch(address, {
        headers: tag === undefined ? {} : { 'if-none-match': tag },
        signal: AbortSignal.timeout(timeoutMs),
      });
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
