import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { ConnectedRuntime } from '../service/runtime.ts';
import { connected, createStage, natsUrl, type Stage } from '../service/testing.ts';
import { until } from '../../test/support/until.ts';

let stage: Stage;
let tool: NatsConnection;
let instances: ConnectedRuntime[];
beforeAll(async () => {
  stage = await createStage();
  tool = await connect({ servers: natsUrl() });
  instances = [await stage.runtime('clock'), await stage.runtime('clock')];
  for (const { bus } of instances) {
    await connected(bus);
    bus.serve('clock', 'time.tell', async (question) => {
      if (question === 'broken') throw new Error('It stands.');
      return 'noon';
    });
    await bus.settled();
  }
});
afterAll(async () => {
  await tool.close();
  await stage.close();
});

interface Answer {
  type: string;
  name: string;
  id: string;
  version: string;
  metadata: { events: string };
  endpoints: Record<string, unknown>[];
}

/** As the `nats` tool asks: every service answers. Other tests on the same broker are left out. */
async function ask(subject: string, answers: number): Promise<Answer[]> {
  const found: Answer[] = [];
  await until(`${answers} answers to ${subject}`, async () => {
    found.length = 0;
    for await (const message of await tool.requestMany(subject, '', { strategy: 'stall', maxWait: 2_000 })) {
      const answer = message.json<Answer>();
      if (answer.metadata.events === stage.name) found.push(answer);
    }
    return found.length >= answers;
  });
  return found;
}

describe('a service on the broker', () => {
  it('is found by everybody who looks, instance by instance', async () => {
    const all = await ask('$SRV.PING', 2);
    expect(all).toHaveLength(2);
    for (const answer of all) {
      expect(answer).toMatchObject({ type: 'io.nats.micro.v1.ping_response', name: 'clock' });
      expect(answer.version).toMatch(/^\d+\.\d+\.\d+/);
    }
    const [one] = all;
    expect(new Set(all.map(({ id }) => id)).size).toBe(2);
    expect((await ask('$SRV.PING.clock', 2)).map(({ id }) => id).toSorted()).toEqual(
      all.map(({ id }) => id).toSorted(),
    );
    expect((await ask(`$SRV.PING.clock.${one?.id}`, 1)).map(({ id }) => id)).toEqual([one?.id]);
  });

  it('says what it serves', async () => {
    for (const answer of await ask('$SRV.INFO.clock', 2)) {
      expect(answer).toMatchObject({
        type: 'io.nats.micro.v1.info_response',
        description: expect.any(String),
        endpoints: [{ name: 'time-tell', subject: `${stage.name}-svc.clock.time.tell`, queue_group: 'clock' }],
      });
    }
  });

  it('says how often it was asked, how long that took, and what went wrong', async () => {
    const [{ bus }] = instances as [ConnectedRuntime];
    for (let time = 0; time < 3; time += 1) expect(await bus.ask('clock', 'time.tell', 'now')).toBe('noon');
    await expect(bus.ask('clock', 'time.tell', 'broken')).rejects.toThrow('It stands.');
    const stats = await ask('$SRV.STATS.clock', 2);
    const endpoints = stats.map(({ endpoints: [endpoint] }) => endpoint as Record<string, number>);
    const sum = (field: string) => endpoints.reduce((total, endpoint) => total + (endpoint[field] ?? 0), 0);
    expect(stats[0]).toMatchObject({ type: 'io.nats.micro.v1.stats_response', started: expect.any(String) });
    expect(sum('num_requests')).toBe(4);
    expect(sum('num_errors')).toBe(1);
    expect(sum('processing_time')).toBeGreaterThan(0);
    expect(endpoints.map(({ last_error }) => last_error)).toContain('It stands.');
  });
});
