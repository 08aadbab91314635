import { createServer } from 'node:net';

/** True when nothing listens on this port of 127.0.0.1 (a program that listens on all addresses counts too). */
export async function isPortFree(port: number): Promise<boolean> {
  return (await whyNotAt(port, '127.0.0.1')) === null;
}

/** True when somebody listens on this port of this address; false, too, where there is no such address. */
export async function isPortTaken(port: number, address: string): Promise<boolean> {
  return (await whyNotAt(port, address)) === 'EADDRINUSE';
}

function whyNotAt(port: number, address: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''));
    server.listen(port, address, () => server.close(() => resolve(null)));
  });
}

/**
 * A port that is free now. Drawn from 20000–32767, below the range from which systems give ports to outgoing
 * connections, so that no client takes it between this answer and its use.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_768);
    if (await isPortFree(port)) return port;
  }
  throw new Error('no free port between 20000 and 32767');
}
