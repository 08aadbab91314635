import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { createDevelopmentKeys } from './development-keys.ts';
import { hostInUrls, startSystem } from './system.ts';

it.each([
  [undefined, '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['::1', '[::1]'],
  ['localhost', 'localhost'],
  ['192.0.2.7', '192.0.2.7'],
])('what listens at %s is asked at %s', (host, asked) => {
  expect(hostInUrls(host)).toBe(asked);
});

it('a system that listens at another address of this machine is ready there', async () => {
  const name = `t${randomUUID().slice(0, 8)}`;
  const ports = Object.fromEntries([...subgraphNames, 'router'].map((each) => [`${each.toUpperCase()}_PORT`, '0']));
  const HOST = '127.0.0.2';
  const system = await startSystem({
    ...ports,
    ...(await createDevelopmentKeys()),
    ...{ HOST, LANDSCAPE: 'development', LOG_LEVEL: 'silent' },
    ...{ MONGODB_URI: process.env['TEST_MONGODB_URI'], NATS_URL: process.env['TEST_NATS_URL'] },
    ...{ DATABASE_PREFIX: `${name}_`, EVENT_STREAM: name, EVENT_SUBJECT_PREFIX: name },
  });
  try {
    const response = await fetch(`http://${HOST}:${system.routerPort}/readyz`);
    expect(await response.json()).toMatchObject({ status: 'ready', checks: { bike: 'ok', dashboard: 'ok' } });
  } finally {
    await system.close();
  }
}, 120_000);
