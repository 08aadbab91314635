import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import {
  brokerEnvironment,
  brokerUserNames,
  inboxOf,
  keptBrokerPasswords,
  watcher,
  type BrokerPasswords,
} from '../../deploy/broker/users.ts';
import { DATA_DIRECTORY, startDataPlane, type DataPlane } from '../../deploy/local/data-plane.ts';
import { publishers } from '../../schema/events/index.ts';
import {
  DashboardRebuildsDocument,
  DashboardUpdatedDocument,
  ParkedEventsDocument,
  RebuildDashboardDocument,
  ServicesDocument,
} from '../../schema/client/generated/graphql.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const names = { EVENT_STREAM: 'EVENTS', EVENT_SUBJECT_PREFIX: 'evt' };

describe('a system in which no service trusts another', () => {
  let directory: string;
  let plane: DataPlane;
  let passwords: BrokerPasswords;
  let system: TestSystem | undefined;
  const connections: NatsConnection[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'broker-'));
    passwords = await keptBrokerPasswords(join(directory, 'broker-passwords.json'));
    plane = await startDataPlane({
      directory,
      installDirectory: join(DATA_DIRECTORY, 'python'),
      env: { ...process.env, ...names, MONGODB_URI: process.env['TEST_MONGODB_URI'], NATS_URL: '' },
      natsPort: 0,
      brokerPasswords: passwords,
      report: () => undefined,
    });
    system = await startSystem({
      env: { ...names, ROUTER_SECRET: randomUUID(), NATS_URL: plane.natsUrl, ...brokerEnvironment(passwords) },
    });
  }, 120_000);
  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await system?.close();
    await plane.close();
    await rm(directory, { recursive: true, force: true });
  });

  const running = () => {
    if (!system) throw new Error('no system');
    return system;
  };

  async function connectAs(user: string): Promise<NatsConnection> {
    const pass = passwords[user] ?? '';
    const connection = await connect({ servers: plane.natsUrl, user, pass, inboxPrefix: inboxOf(user) });
    connections.push(connection);
    return connection;
  }

  /** The subjects that the broker refused to a connection. */
  async function refusedOf(
    connection: NatsConnection,
    use: (connection: NatsConnection) => void,
  ): Promise<Set<string>> {
    const refused = new Set<string>();
    const watching = (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'error' && status.error instanceof errors.PermissionViolationError)
          refused.add(status.error.subject);
      }
    })();
    use(connection);
    await connection.flush();
    await connection.flush();
    await connection.close();
    await watching;
    return refused;
  }

  it('lets the whole story happen, and operators see everything', async () => {
    const all = running();
    const operator = await all.client('operator', 'operator');
    await until('all are up', async () => {
      const { services } = await operator.request(ServicesDocument, {});
      return services.every(({ status }) => status === 'UP');
    });
    const [bikeId = 0] = await registerBikes(all);
    const somebody = await rider(all, 'somebody');
    expect(await somebody.buys(5_000)).toBe('APPROVED');
    const { reserveNo, status } = await somebody.reserves(bikeId);
    expect(status).toBe('RESERVED');
    expect(await somebody.starts(reserveNo)).toBe('IN_USE');
    expect(await somebody.returns(reserveNo)).toBe('RETURNED');
    expect(await somebody.points()).toBe(4_000);
    // Refused by point, which is asked before the next claim.
    const poor = await rider(all, 'poor');
    for (let claim = 0; claim < 2; claim += 1) expect((await poor.reserves(bikeId)).status).not.toBe('RESERVED');
    const { parkedEvents } = await operator.request(ParkedEventsDocument, {});
    expect(parkedEvents).toMatchObject({ totalCount: 0, unavailable: [] });
    const { services } = await operator.request(ServicesDocument, {});
    expect(services.map(({ refusedDecisions }) => refusedDecisions)).toEqual(subgraphNames.map(() => []));
    let told = 0;
    void (async () => {
      for await (const _update of operator.subscribe(DashboardUpdatedDocument, {})) told += 1;
    })().catch(() => undefined);
    await until('subscriptions pass too', async () => {
      await somebody.buys(1);
      return told > 0;
    });
    const direct = await fetch(`http://127.0.0.1:${all.services?.bike.port ?? 0}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ bikes { totalCount } }"}',
    });
    expect(direct.status).toBe(403);
    const admin = await all.client('admin', 'admin');
    await admin.request(RebuildDashboardDocument, { input: {} });
    await until('the view is rebuilt', async () => {
      const { dashboardRebuilds } = await admin.request(DashboardRebuildsDocument, { first: 1 });
      return dashboardRebuilds[0]?.status === 'SWITCHED';
    });
    // No service tried to publish or read what it may not: a refused question is not always noticed.
    const log = await readFile(join(directory, 'logs/nats.log'), 'utf8');
    expect(log.split('\n').filter((line) => line.includes('Violation'))).toEqual([]);
  });

  it('lets no client in without a user, and keeps the passwords from others', async () => {
    await expect(connect({ servers: plane.natsUrl, reconnect: false })).rejects.toThrow();
    await expect(connect({ servers: plane.natsUrl, reconnect: false, user: 'bike', pass: 'bike' })).rejects.toThrow();
    for (const file of ['broker-passwords.json', 'data/external/nats.conf'])
      expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
  });

  it.each(brokerUserNames)(
    'lets %s publish nothing of another service, and change nothing that stands',
    async (user) => {
      const others = Object.keys(publishers).filter((name) => name !== user);
      const forbidden = [
        ...others.flatMap((name) => [`evt.${name}.${name}-1`, `evt.${name}.x.y`]),
        'evt.nobody.x',
        'evt.dashboard.x',
        ...['PURGE', 'DELETE', 'UPDATE', 'MSG.DELETE', 'SNAPSHOT', 'RESTORE', 'LEADER.STEPDOWN', 'PEER.REMOVE'].map(
          (what) => `$JS.API.STREAM.${what}.EVENTS`,
        ),
        '$JS.API.STREAM.CREATE.OTHER',
        ...brokerUserNames
          .filter((name) => name !== user)
          .flatMap((name) => [
            `$JS.API.CONSUMER.DELETE.EVENTS.${name}`,
            `$JS.API.CONSUMER.CREATE.EVENTS.${name}`,
            `$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.${name}`,
            `$JS.API.CONSUMER.MSG.NEXT.EVENTS.${name}`,
            `$JS.API.CONSUMER.PAUSE.EVENTS.${name}`,
            `$JS.ACK.EVENTS.${name}.1.1.1.1.0`,
            `${inboxOf(name)}.x.y`,
          ]),
        `$JS.API.CONSUMER.DELETE.EVENTS.${user}`,
        '_INBOX.x',
        ...(user === 'dashboard' ? [] : ['evt-svc.dashboard.feed']),
        ...subgraphNames.flatMap((name) =>
          ['parked.discard', 'parked.redrive', 'parked.list', 'journal.streams']
            .map((question) => `evt-svc.${name}.${question}`)
            .filter(() => user !== 'dashboard'),
        ),
        '$SYS.REQ.SERVER.PING',
      ];
      const refused = await refusedOf(await connectAs(user), (connection) => {
        for (const subject of forbidden) connection.publish(subject, '{}');
      });
      expect(forbidden.filter((subject) => !refused.has(subject))).toEqual([]);
    },
  );

  it.each(brokerUserNames)('lets %s hear no answer of another, and answer in the place of no other', async (user) => {
    const others = brokerUserNames.filter((name) => name !== user);
    const forbidden = [
      '>',
      '_INBOX.>',
      '_INBOX_*.>',
      '$JS.>',
      '$JS.ACK.>',
      '$SYS.>',
      'evt-svc.>',
      ...others.flatMap((name) => [`${inboxOf(name)}.>`, `evt-svc.${name}.>`, `evt-svc.${name}.journal.read`]),
    ];
    const refused = await refusedOf(await connectAs(user), (connection) => {
      for (const subject of forbidden) connection.subscribe(subject, { callback: () => undefined });
    });
    expect(forbidden.filter((subject) => !refused.has(subject))).toEqual([]);
  });

  it('makes no service say in its own name what another wants said', async () => {
    const reservation = await connectAs('reservation');
    const point = await connectAs(watcher);
    const said: string[] = [];
    point.subscribe('evt.point.>', { callback: (_error, message) => void said.push(message.string()) });
    await point.flush();
    const question = JSON.stringify({ stream: 'account-somebody', after: 0 });
    reservation.publish('evt-svc.point.journal.read', question, { reply: 'evt.point.account-somebody' });
    // Answered after the one before it.
    const answer = await reservation.request('evt-svc.point.journal.read', question, { timeout: 5_000 });
    expect(answer.json()).toMatchObject({ reply: expect.any(Array) });
    await point.flush();
    expect(said).toEqual([]);
  });

  it('lets the watcher look at what it runs on', async () => {
    const connection = await connectAs(watcher);
    const info = await connection.request('$JS.API.STREAM.INFO.EVENTS', '', { timeout: 5_000 });
    expect(info.json()).toMatchObject({ config: { name: 'EVENTS' } });
    const health = await connection.request('evt-svc.point.health', '', { timeout: 5_000 });
    expect(health.json()).toMatchObject({ reply: { database: 'ok' } });
    const ping = await connection.request('$SRV.PING', '', { timeout: 5_000 });
    expect(ping.json()).toMatchObject({ type: 'io.nats.micro.v1.ping_response' });
  });
});
