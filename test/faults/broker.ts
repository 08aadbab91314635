import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, headers as natsHeaders, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { eventSubject } from '../../platform/messaging/event-stream.ts';
import { toBinaryMode, type Envelope } from '../../schema/events/index.ts';
import type { Cluster } from './cluster.ts';

/** A message as stored in the stream. */
export interface RawMessage {
  subject: string;
  headers: [string, string][];
  payload: string | Uint8Array;
}

interface Broker {
  connection: NatsConnection;
  client: JetStreamClient;
  manager: JetStreamManager;
}

/** A connection of its own to the broker, past the proxies. */
export async function withBroker<Result>(
  { env }: Pick<Cluster, 'env'>,
  use: (broker: Broker) => Promise<Result>,
): Promise<Result> {
  const connection = await connect({ servers: env['NATS_URL'] ?? '', timeout: 2_000, maxReconnectAttempts: 20 });
  try {
    return await use({
      connection,
      client: jetstream(connection, { timeout: 2_000 }),
      manager: await jetstreamManager(connection, { timeout: 2_000 }),
    });
  } finally {
    await connection.close();
  }
}

/** The newest messages of the stream, oldest first. */
export async function newestMessages(cluster: Cluster, limit: number): Promise<RawMessage[]> {
  return withBroker(cluster, async ({ manager }) => {
    const { state } = await manager.streams.info(cluster.name);
    const messages: RawMessage[] = [];
    for (let seq = Math.max(1, state.last_seq - limit + 1); seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage(cluster.name, { seq }).catch(() => null);
      if (message) messages.push({ subject: message.subject, headers: pairs(message.header), payload: message.data });
    }
    return messages;
  });
}

function pairs(header: MsgHdrs): [string, string][] {
  return header.keys().map((key): [string, string] => [key, header.get(key)]);
}

/** An event as its publisher would send it; `more` is added to its data, as by a newer version of the publisher. */
export function messageOf(cluster: Pick<Cluster, 'name'>, service: string, event: Envelope, more = {}): RawMessage {
  const { headers, payload } = toBinaryMode({ ...event, data: { ...(event.data as object), ...more } });
  return { subject: eventSubject(cluster.name, service, event.subject), headers, payload };
}

/**
 * Publishes messages as they are, under ids of their own or none, so that none is deduplicated. Fails when the broker
 * refuses one.
 */
export async function publishRaw(cluster: Cluster, messages: readonly RawMessage[]): Promise<void> {
  await withBroker(cluster, async ({ client }) => {
    for (const { subject, headers, payload } of messages) {
      const carried = natsHeaders();
      for (const [key, value] of headers) if (key !== 'Nats-Msg-Id') carried.append(key, value);
      await client.publish(subject, payload, { headers: carried });
    }
  });
}
