import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { createAttacker } from './attacker.ts';
import { apiSchema } from './attacks.ts';
import { fuzz } from './fuzz.ts';
import { startTarget, type Target } from './target.ts';

/**
 * Of each client; as many on every machine, so that a seed says the same everywhere.
 * `FUZZ_REQUESTS=50000 FUZZ_SEED=7 npm test -- --testPathPatterns hostile/fuzz` runs for long.
 */
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 250);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
/** Concurrent clients, each with its own requests. */
const atOnce = 6;
/** A client that is slower than this, in the mean, hangs. */
const leastPaceMs = 500;

describe(`whatever the schema lets a client say (seed ${seed}, ${requests} times)`, () => {
  let target: Target;

  beforeAll(async () => {
    target = await startTarget();
    await registerBikes(target.system, 3);
    const someone = await rider(target.system, '10');
    await someone.buys(50_000);
  }, 240_000);
  afterAll(async () => {
    await target.close();
  }, 240_000);

  it(
    'is answered, and nothing is lost, doubled or left open',
    async () => {
      const token = (userId: string) => target.system.token(userId, ['rider']);
      const attacker = createAttacker(
        { url: target.url, subgraphPorts: target.subgraphPorts, token },
        createDice(seed),
      );
      const tokens = {
        rider: await token('10'),
        operator: await target.system.token('boss', ['operator']),
        admin: await target.system.token('root', ['admin']),
        auditor: await target.system.token('eyes', ['auditor']),
      };
      const before = await target.usage();
      const results = await Promise.all(
        Array.from({ length: atOnce }, (_, index) =>
          fuzz({
            attacker,
            tokenOf: async (role) => tokens[role],
            schema: apiSchema,
            dice: createDice(seed * atOnce + index),
            requests,
            alive: () => target.router.alive && target.subgraphs.alive,
          }),
        ),
      );
      await attacker.leave();
      if (process.env['HOSTILE_FIGURES']) {
        for (const { findings: _findings, ...figures } of results) process.stderr.write(`${JSON.stringify(figures)}\n`);
      }
      expect(results.flatMap(({ findings }) => findings)).toEqual([]);
      expect({ router: target.router.alive, subgraphs: target.subgraphs.alive }).toEqual({
        router: true,
        subgraphs: true,
      });
      expect((await target.usage()).kept - before.kept).toBeLessThan(50 * 2 ** 20);
      await checkInvariants(target.system);
    },
    120_000 + requests * leastPaceMs,
  );
});
