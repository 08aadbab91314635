import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTurns } from './turns.ts';

const waitMs = 5_000;

describe('queries that run in turns', () => {
  it('begin at once while there is room, and one that is larger than the room runs alone', async () => {
    const turns = createTurns({ runningCost: 100, waitMs });
    const end = await turns.take(500);
    let began = false;
    const next = turns.take(1).then((ended) => {
      began = true;
      return ended;
    });
    await delay(5);
    expect(began).toBe(false);
    end();
    (await next)();
  });

  it('let the cheap pass the dear, and the dear come all the same', async () => {
    const turns = createTurns({ runningCost: 10, waitMs });
    const end = await turns.take(10);
    const order: string[] = [];
    const ask = (name: string, cost: number) =>
      turns.take(cost).then((ended) => {
        order.push(name);
        ended();
      });
    const dear = ask('dear', 1_000);
    const cheap = ask('cheap', 5);
    end();
    await Promise.all([dear, cheap]);
    expect(order).toEqual(['cheap', 'dear']);

    const held = await turns.take(10);
    order.length = 0;
    const old = ask('old and dear', 10);
    await delay(30);
    const late = ask('late and cheap', 1);
    held();
    await Promise.all([old, late]);
    expect(order).toEqual(['old and dear', 'late and cheap']);
  });

  it('are refused when their turn does not come in time, and leave no trace', async () => {
    const turns = createTurns({ runningCost: 10, waitMs: 20 });
    const end = await turns.take(10);
    await expect(turns.take(1)).rejects.toMatchObject({ extensions: { code: 'SERVICE_UNAVAILABLE' } });
    const gone = new AbortController();
    const given = turns.take(1, gone.signal);
    gone.abort();
    await expect(given).rejects.toThrow();
    end();
    (await turns.take(10))();
  });

  it('never run together for more than there is room, and all come to an end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 }), async (costs) => {
        const turns = createTurns({ runningCost: 20, waitMs });
        const running: number[] = [];
        await Promise.all(
          costs.map(async (cost) => {
            const end = await turns.take(cost);
            running.push(cost);
            const sum = running.reduce((total, each) => total + each, 0);
            expect(running.length === 1 || sum <= 20).toBe(true);
            await new Promise(setImmediate);
            running.splice(running.indexOf(cost), 1);
            end();
            end();
          }),
        );
        (await turns.take(20))();
      }),
      { numRuns: 50 },
    );
  });
});
