import { connect } from '@nats-io/transport-node';
import { tally, type OperationCounts } from './operation-counts.ts';

/** Hears every message of a system at its broker, and counts them. */
export interface BrokerMessages {
  counts(): OperationCounts;
  close(): Promise<void>;
}

/** @param prefix of the system’s subjects, and the name of its stream: other systems on the same broker count nothing. */
export async function countMessages(natsUrl: string, prefix: string): Promise<BrokerMessages> {
  const connection = await connect({ servers: natsUrl, name: 'wiretap' });
  const broker: OperationCounts[string] = {};
  connection.subscribe('>', {
    callback: (_error, { subject, reply, data, headers }) => {
      const what = nameOf(subject, reply ?? '', prefix);
      if (what) tally(broker, what, { bytes: data.length + bytesOf(headers ?? []) });
    },
  });
  await connection.flush();
  return { counts: () => ({ broker: structuredClone(broker) }), close: () => connection.close() };
}

/** Each header is a line. */
function bytesOf(headers: Iterable<[name: string, values: string[]]>): number {
  let bytes = 0;
  for (const [name, values] of headers) for (const value of values) bytes += `${name}: ${value}\r\n`.length;
  return bytes;
}

/** What a message is for; undefined where it belongs to another system, or tells only that all is well. */
function nameOf(subject: string, reply: string, prefix: string): string | undefined {
  const [first = '', second = '', ...more] = subject.split('.');
  if (first === prefix) {
    const [, , stream, consumer] = reply.split('.');
    return reply.startsWith('$JS.ACK.') && stream === prefix
      ? `deliver ${second} to ${consumer ?? ''}`
      : `publish ${second}`;
  }
  if (first === `${prefix}-svc`) return `ask or tell ${second} ${more.join('.')}`;
  if (first === '$JS' && second === 'ACK' && more[0] === prefix) return `acknowledge by ${more[1] ?? ''}`;
  // JetStream’s interface: `$JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>`.
  if (first === '$JS' && second === 'API' && more.includes(prefix)) {
    return `JetStream ${more.slice(0, more.indexOf(prefix)).join('.')}`;
  }
  return undefined;
}
