import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { registerBikes } from '../support/people.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { createAttacker, type Attacker } from './attacker.ts';
import { apiSchema } from './attacks.ts';
import { bodyOf, hostileDocuments } from './documents.ts';
import { startTarget, type Target } from './target.ts';

/** What one request may cost the router before it is refused or answered. */
const maxCpuMs = 50;
const maxKeptBytes = 20 * 2 ** 20;
/** Repeated, so that a garbage collection or a first compilation is not counted as its cost. */
const repetitions = 5;
jest.retryTimes(2, { logErrorsBeforeRetry: true });

describe('a single request without a token costs the router little, whatever it asks:', () => {
  let target: Target;
  let attacker: Attacker;

  beforeAll(async () => {
    target = await startTarget();
    await registerBikes(target.system, 200);
    attacker = createAttacker(
      { url: target.url, subgraphPorts: target.subgraphPorts, token: async () => '' },
      createDice(1),
    );
    // Compiling happens once per process, with its first requests.
    for (const document of documents) await attacker.post(bodyOf(document));
  }, 240_000);
  afterAll(async () => {
    await attacker.leave();
    await target.close();
  }, 240_000);

  const documents = hostileDocuments(apiSchema, createDice(1));

  it.each(documents.map((document) => [document.what, bodyOf(document)] as const))('%s', async (_what, body) => {
    const before = await target.usage();
    // An extra space each time makes another document, which is in no cache.
    for (let n = 1; n <= repetitions; n += 1) {
      await attacker.post(body.replace('"query":"', `"query":"${' '.repeat(n)}`));
    }
    const after = await target.usage();
    expect((after.cpuMs - before.cpuMs) / repetitions).toBeLessThan(maxCpuMs);
    expect(after.kept - before.kept).toBeLessThan(maxKeptBytes);
  });
});
