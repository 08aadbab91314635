import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import mongoose from 'mongoose';
import { DashboardDocument } from '../../schema/client/generated/graphql.ts';
import { untilFarFromMidnight } from '../support/midnight.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

async function shownBy(system: TestSystem) {
  const operator = await system.client('operator', 'operator');
  const { totals, reservations, series, lag } = (await operator.request(DashboardDocument, {})).dashboard;
  return { totals, rows: reservations.nodes, requested: series.reduce((sum, one) => sum + one.requested, 0), lag };
}

/** What docs/operating.md says to do where the dashboard's database is lost. */
async function beginWithEmpty({ name, env }: TestSystem): Promise<void> {
  const database = await mongoose.createConnection(env['MONGODB_URI'] ?? '').asPromise();
  await database.useDb(`${name}_dashboard`).dropDatabase();
  await database.close();
  const broker = await connect({ servers: env['NATS_URL'] ?? '' });
  await (await jetstreamManager(broker)).streams.delete(name);
  await broker.close();
}

it('a dashboard that begins with an empty database, beside an empty broker, shows everything again', async () => {
  await untilFarFromMidnight();
  const before = await startSystem();
  const [first = 0, second = 0] = await registerBikes(before, 3);
  const somebody = await rider(before, 'somebody');
  await somebody.buys(10_000);
  const { reserveNo } = await somebody.reserves(first);
  await somebody.starts(reserveNo);
  await somebody.returns(reserveNo);
  await somebody.reserves(second);
  const settled = (shown: Awaited<ReturnType<typeof shownBy>>) =>
    shown.rows.map(({ reserveStatus }) => reserveStatus).join() === 'RESERVED,RETURNED' &&
    shown.lag.pendingEvents === 0;
  await until('it has read everything', async () => settled(await shownBy(before)));
  const shown = await shownBy(before);
  await before.close();
  await beginWithEmpty(before);

  const after = await startSystem({ name: before.name });
  try {
    await until('it has read everything again', async () => settled(await shownBy(after)));
    expect(await shownBy(after)).toEqual(shown);
    expect(shown).toMatchObject({ totals: { bikes: 3, reserved: 1, returnedToday: 1 }, requested: 2 });
  } finally {
    await after.close();
  }
}, 240_000);
