import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { until } from '../../test/support/until.ts';
import { createPost } from './post.ts';

describe('a request that waits for a connection', () => {
  let server: Server;
  let pool: Pool;
  /** Bodies that came, and the answers that are still to be given. */
  let bodies: string[];
  let open: ServerResponse[];

  beforeEach(async () => {
    [bodies, open] = [[], []];
    server = createServer((request, response) => {
      open.push(response);
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
  });
  afterEach(async () => {
    await pool.close();
    await new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
  });

  it.each(['given up in time', 'not wanted any more'])('is never sent when it is %s before', async (how) => {
    const post = createPost({ dispatcher: pool, path: '/', timeoutMs: 5_000, maxAnswerBytes: 1_000 });
    const first = post('first', []);
    await until('the connection is taken', () => bodies.length === 1);
    const leaving = new AbortController();
    const second =
      how === 'given up in time' ? post('second', [], undefined, 50) : post('second', [], leaving.signal, 5_000);
    const refused = expect(second).rejects.toThrow(/within|not wanted/);
    leaving.abort();
    await refused;
    const third = post('third', []);
    open[0]?.end('1');
    expect(await first).toEqual({ status: 200, text: '1' });
    await until('the next one is sent', () => bodies.length > 1);
    open.at(-1)?.end('3');
    expect(await third).toEqual({ status: 200, text: '3' });
    await delay(50);
    expect(bodies).toEqual(['first', 'third']);
  });
});
