import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import mongoose from 'mongoose';
import type { Envelope } from '../../schema/events/index.ts';
import type { JournalDocument } from '../../platform/event-core/journal.ts';
import { noTotals, type BikeView, type StationView, type Totals } from '../../subgraphs/dashboard/projections.ts';
import type { TestSystem } from './system.ts';
import { until } from './until.ts';
import { consumers, isQuiet, publishers, violationsIn, type Evidence } from './violations.ts';

export { eventsNamed, eventsOf, isQuiet, violationsIn, type Evidence } from './violations.ts';

/**
 * Waits until the system is idle, then checks the invariants I1–I8, I13, I15 and I16 of the README. It trusts no service:
 * it reads the journals, and folds them by rules of its own.
 * @throws {Error} that lists every violation.
 */
export async function checkInvariants(
  system: Pick<TestSystem, 'env' | 'name'>,
  quietWithinMs = 60_000,
): Promise<Evidence> {
  let evidence = await gather(system);
  await until(
    'every event was published and handled, or parked',
    async () => {
      // Parts are read one after the other: they belong together if nothing was decided until the next look.
      const next = await gather(system);
      const isWhole = decisionsIn(next) === decisionsIn(evidence);
      if (isWhole && isQuiet(evidence, system.name)) return true;
      evidence = next;
      return false;
    },
    quietWithinMs,
    200,
  ).catch(() => undefined);
  const violations = violationsIn(evidence, system.name);
  if (violations.length > 0) throw new Error(`Invariants violated:\n${violations.join('\n')}`);
  return evidence;
}

const decisionsIn = ({ journals }: Evidence) =>
  Object.values(journals).reduce((sum, documents) => sum + documents.length, 0);

/** The present data of a system's servers. */
export async function gather({ env, name }: Pick<TestSystem, 'env' | 'name'>): Promise<Evidence> {
  // Before the journals: what is published is decided already, while the other way round a decision could come in between.
  const broker = await readBroker(env, name);
  const connection = await mongoose.createConnection(env['MONGODB_URI'] ?? '').asPromise();
  try {
    const read = (service: string, collection: string) =>
      connection.getClient().db(`${name}_${service}`).collection(collection).find().toArray();
    const journals = await mapValues(publishers, async (publisher) => {
      const documents = (await read(publisher, 'journal')) as unknown as JournalDocument[];
      return documents.sort((one, other) => one.version - other.version);
    });
    const [checkpoint] = (await read('dashboard', 'checkpoint')) as { generation?: number }[];
    /** The dashboard's rows may have been rebuilt: then they are in other collections. */
    const live = (name: string) => (checkpoint?.generation ? `${name}_${checkpoint.generation}` : name);
    const positions = await mapValues(consumers, async (consumer) => {
      const rows = (await read(consumer, consumer === 'dashboard' ? live('positions') : 'positions')) as unknown as {
        _id: string;
        version: number;
        handled?: number;
      }[];
      return new Map(rows.map((row) => [row._id, row.handled ?? row.version]));
    });
    const parked = await mapValues(consumers, async (consumer) => {
      const rows = (await read(consumer, 'parked')) as unknown as { subject: string; status: string }[];
      return new Set(rows.filter(({ status }) => status === 'parked').map(({ subject }) => subject));
    });
    const slots = (await read('reservation', 'slots')) as unknown as { _id: number }[];
    const bikes = (await read('bike', 'bikes')) as unknown as { _id: number }[];
    const rows = (await read('dashboard', live('reservations'))) as unknown as { _id: number; version: number }[];
    const hours = (await read('dashboard', live('hours'))) as unknown as { _id: string; version: number }[];
    const shownBikes = (await read('dashboard', live('bikes'))) as unknown as BikeView[];
    const shownStations = (await read('dashboard', live('stations'))) as unknown as StationView[];
    const feed = (await read('dashboard', 'feed')) as unknown as { _id: number; totals: Totals }[];
    const newest = feed.sort((one, other) => other._id - one._id)[0];
    return {
      journals,
      positions,
      parked,
      broker,
      dashboard: {
        rows: new Map(rows.map(({ _id, version: _version, ...row }) => [_id, row])),
        hours: new Map(hours.map(({ _id, version: _version, ...row }) => [_id, row])),
        bikes: new Map(shownBikes.map((row) => [row.bikeId, row])),
        stations: new Map(shownStations.map((row) => [row.stationId, row])),
        totals: newest?.totals ?? noTotals,
      },
      slots: new Map(slots.map((row) => [row._id, row])),
      bikes: new Map(bikes.map((row) => [row._id, row])),
    };
  } finally {
    await connection.close();
  }
}

async function readBroker(env: NodeJS.ProcessEnv, stream: string): Promise<Envelope[]> {
  const connection = await connect({ servers: env['NATS_URL'] ?? '' });
  try {
    const manager = await jetstreamManager(connection);
    const info = await manager.streams.info(stream);
    const consumer = await jetstream(connection).consumers.get(stream, { filter_subjects: [`${stream}.>`] });
    const events: Envelope[] = [];
    while (events.length < info.state.messages) {
      const batch = await consumer.fetch({
        // No more than there are, or it would wait for them.
        max_messages: Math.min(500, info.state.messages - events.length),
        expires: 2_000,
      });
      let received = 0;
      for await (const message of batch) {
        received += 1;
        events.push({
          id: decoded(message.headers?.get('ce-id') ?? ''),
          type: message.headers?.get('ce-type') ?? '',
          sequence: Number(message.headers?.get('ce-sequence')),
          data: parsed(message.string()),
        } as Envelope);
      }
      if (received === 0) break;
    }
    return events;
  } finally {
    await connection.close();
  }
}

/** As CloudEvents' NATS binding encodes headers; poison may be encoded otherwise. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}

async function mapValues<Key extends string, Value>(
  keys: readonly Key[],
  toValue: (key: Key) => Promise<Value>,
): Promise<Record<Key, Value>> {
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await toValue(key)]))) as Record<
    Key,
    Value
  >;
}
