import { createServer } from 'node:net';

/** True when nothing listens on this port of 127.0.0.1 (a program that listens on all addresses counts too). */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
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
