import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connected, createStage, type Stage } from '../../platform/service/testing.ts';
import { until } from '../../test/support/until.ts';
import { startService } from '../../platform/index.ts';
import { createOperations } from './operations.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

describe('a service that is away', () => {
  it('is DOWN, in time, and what is parked elsewhere is still shown', async () => {
    const asker = await stage.runtime('asker', { REQUEST_TIMEOUT_MS: '500' });
    await connected(asker.bus);
    await asker.bus.ensureStream();
    const definition = {
      name: 'running',
      sdl: 'scalar Long scalar DateTime type Query { ok: Boolean }',
      port: 0,
      create: () => ({ resolvers: {}, parts: [] }),
    };
    const running = stage.keep(await startService(definition, stage.env));
    await connected(running.runtime.bus);
    // It is there, but hangs.
    for (const endpoint of ['health', 'parked.list']) {
      asker.bus.serve('hanging', endpoint, () => new Promise(() => undefined));
    }
    const services = ['running', 'hanging', 'missing'];
    const operations = createOperations({ bus: asker.bus, services, operateTimeoutMs: 3_000 });
    await until('the service is heard', async () => (await operations.services())[0]?.status === 'UP');

    const startedAt = Date.now();
    expect(await operations.services()).toMatchObject([
      { name: 'running', status: 'UP', problem: null, parkedEvents: 0 },
      { name: 'hanging', status: 'DOWN', problem: 'hanging does not answer health' },
      { name: 'missing', status: 'DOWN', problem: 'missing does not answer health' },
    ]);
    expect(Date.now() - startedAt).toBeLessThan(30_000);

    const boss = { authorization: `Bearer ${await stage.token('boss', ['admin'])}` };
    const page = await operations.parkedEvents(boss, { status: 'parked' }, {});
    expect(page).toMatchObject({ nodes: [], unavailable: ['hanging', 'missing'] });
    expect(await page.totalCount()).toBe(0);
    await expect(operations.parkedEvent(boss, 'missing:x')).rejects.toThrow('missing does not answer parked.get');
    await expect(operations.redrive({ ...boss, id: 'missing:x', key: 'k' })).rejects.toThrow('missing does not answer');
  });
});
