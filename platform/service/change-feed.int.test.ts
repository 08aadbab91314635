import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../test/support/until.ts';
import { createAggregate } from './aggregate.ts';
import { createChangeFeed, type Told } from './change-feed.ts';
import { connected, createStage, originOf, tally, type Stage, type TallyDocument, type TallyEvent } from './testing.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

/** One process of a service. */
async function start() {
  const runtime = await stage.runtime('teller');
  await connected(runtime.bus);
  await runtime.bus.ensureStream();
  const aggregate = createAggregate(runtime, {
    parse: (envelope) => envelope as TallyEvent,
    decider: tally,
    viewsVersion: 1,
    changesOf: (_document: TallyDocument) => [],
  });
  await aggregate.prepare();
  aggregate.start();
  stage.keep(aggregate);
  const { journal, notices } = aggregate;
  const { bus, time, service } = runtime;
  const feed = createChangeFeed({ service, bus, time, journal, notices, changeIn: ({ _id }) => _id });
  stage.keep({ close: async () => feed.close() });
  return { aggregate, feed };
}

const everything = { name: 'everything', wants: () => true };
const streamOf = (id: string) => id.split('@')[0] ?? '';

describe('changes by the broker’s order', () => {
  it('are the same for all, whichever instance decides, tells and takes a subscriber up again', async () => {
    const instances = [await start(), await start(), await start()];
    const at = (number: number) => instances[number % instances.length] as (typeof instances)[number];
    const live: string[] = [];
    const reading = await at(0).feed.follow({ ...everything, after: null });
    void (async () => {
      for await (const { value } of reading) live.push(value);
    })();
    let items = await at(1).feed.follow({ ...everything, after: null });
    const deciding = (async () => {
      for (let number = 0; number < 60; number += 1) {
        const amounts = number % 3 === 0 ? [1, 2] : [1];
        await at(number).aggregate.handle(`s${number % 4}`, { type: 'Add', amounts }, originOf());
      }
    })();
    // Leaves after every second change, and goes on at the next instance.
    const told: Told<string>[] = [];
    for (let round = 2; told.length < 60; round += 1) {
      for await (const one of items) {
        told.push(one);
        if (told.length % 2 === 0) break;
      }
      items = await at(round).feed.follow({ ...everything, after: told.at(-1)?.cursor ?? null });
    }
    await deciding;
    await until('all is told', () => live.length === 60);
    expect(told.map(({ value }) => value)).toEqual(live);
    expect(new Set(live).size).toBe(60);
    for (const stream of ['s0', 's1', 's2', 's3']) {
      const versions = live.filter((id) => streamOf(id) === stream).map((id) => Number(id.split('@')[1]));
      expect(versions).toEqual(versions.toSorted((one, other) => one - other));
    }
    // A process that has just begun reads what it must, of all streams or of one.
    const after = told[9]?.cursor ?? '';
    const rest = async (isWanted: (id: string) => boolean, streams?: string[]) => {
      const { feed } = await start();
      const expected = live.slice(10).filter(isWanted);
      const wish = { ...everything, wants: isWanted, ...(streams ? { streamsSince: async () => streams } : {}) };
      const found: string[] = [];
      for await (const { value } of await feed.follow({ ...wish, after })) {
        if (found.push(value) === expected.length) break;
      }
      expect(found).toEqual(expected);
    };
    await rest(() => true);
    await rest((id) => streamOf(id) === 's2', ['s2']);
  });
});
