import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Client, GraphqlRequestError } from '../../schema/client/client.ts';
import { runCommand } from './commands.ts';
import { runOps } from './ops.ts';

const rebuild = {
  ...{ number: 1, by: 'ops', acceptDifference: false, attempt: 1, startedAt: '2026-11-28T00:00:00.000Z' },
  ...{ status: 'FILLING', finishedAt: null, events: 3, totalEvents: 9, differences: 0, examples: [], problem: null },
};
const begun = { rebuildDashboard: { rebuild, refusal: null } };
const filling = { dashboardRebuilds: [rebuild] };
const switched = { dashboardRebuilds: [{ ...rebuild, status: 'SWITCHED', finishedAt: rebuild.startedAt, events: 9 }] };

/** What stands at the address: data or errors, a proxy's answer with this status, or a connection that is cut. */
type Answer = object | 502 | 'cut';

describe('npm run ops, where answers are lost,', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());

  /** The options for a system that gives these answers, one after the other. */
  async function answering(...answers: Answer[]): Promise<string[]> {
    server = createServer((request, response) => {
      void text(request).then(() => {
        const answer = answers.shift() ?? 'cut';
        if (answer === 'cut') request.socket.destroy();
        else if (answer === 502) response.writeHead(502).end('<h1>Bad Gateway</h1>');
        else response.end(JSON.stringify('errors' in answer ? answer : { data: answer }));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return ['--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
  }
  const env = { TTAREUNGI_TOKEN: 'a token' };

  it('follows a rebuild through a proxy without a system, and a lost connection, to its end', async () => {
    const url = await answering(begun, 502, filling, 'cut', 502, switched);
    const lines: string[] = [];
    const ending = await runOps(['rebuild', ...url], env, (line) => lines.push(line));
    expect(ending).toMatchObject({ exitCode: 0, out: expect.stringContaining('the rebuilt view is live') });
    expect(lines).toEqual(['1: filling, 3 of 9 events', '1: switched, 9 of 9 events']);
  });

  it('says that a rebuild goes on, once nobody has answered for long', async () => {
    let asked = 0;
    const client = {
      request: () => {
        asked += 1;
        return asked === 1 ? Promise.resolve(begun) : Promise.reject(new GraphqlRequestError('HTTP_502', 'away'));
      },
    } as unknown as Client;
    const patienceMs = 700;
    const following = runCommand({ name: 'rebuild', acceptDifference: false }, client, () => undefined, patienceMs);
    await expect(following).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining('npm run ops -- rebuilds'),
    });
    expect(asked).toBeGreaterThan(2);
  });

  it.each([['redrive', 'point:1'], ['discard', 'point:1', '--reason', 'Typed by hand.'], ['rebuild']])(
    'says of %s that nobody knows what became of it',
    async (...command) => {
      for (const answer of [502, 'cut'] as const) {
        expect(await runOps([...command, ...(await answering(answer))], env)).toMatchObject({
          exitCode: 69,
          err: expect.stringContaining('It is not known what became of it.'),
        });
        server?.close();
      }
    },
  );

  it('says of a question only that nothing answers', async () => {
    const url = await answering(502);
    expect(await runOps(['services', ...url], env)).toEqual({
      out: '',
      err: `Nothing answers at ${url[1]}. Start the system first (npm start), or set --url.`,
      exitCode: 69,
    });
    const away = { errors: [{ message: 'point does not answer.', extensions: { code: 'SERVICE_UNAVAILABLE' } }] };
    expect(await runOps(['services', ...(await answering(away))], env)).toMatchObject({
      err: 'There is no answer at the moment: point does not answer.',
      exitCode: 69,
    });
    server?.close();
    // Nor is it known whether it gives development tokens.
    expect(await runOps(['services', ...(await answering(502))], {})).toMatchObject({ exitCode: 69 });
  });
});
