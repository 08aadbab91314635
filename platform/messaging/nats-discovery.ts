import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Msg, NatsConnection } from '@nats-io/transport-node';

/**
 * One instance of a service as `nats micro ls|info|ping|stats` sees it: the discovery protocol of NATS ADR-32 on plain
 * subscriptions. Its endpoints are those that the bus serves.
 */
export interface DiscoverableService {
  /** Adds an endpoint; what it returns is called with what becomes of each request. */
  endpoint(name: string, subject: string): (startedAt: number, error?: Error) => void;
  /** Answers PING, INFO and STATS: those put to every service, to all of this name, and to this instance. */
  attach(connection: Pick<NatsConnection, 'subscribe'>): void;
}

/** Times in nanoseconds, as the protocol has it. */
interface EndpointStats {
  name: string;
  subject: string;
  queue_group: string;
  num_requests: number;
  num_errors: number;
  last_error: string;
  processing_time: number;
  average_processing_time: number;
}

const nanosecondsPerMs = 1_000_000;
const { version, description } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
  description: string;
};

/** @param metadata what tells this installation from others on the same broker. */
export function createDiscoverableService(
  name: string,
  metadata: Readonly<Record<string, string>>,
): DiscoverableService {
  const endpoints: EndpointStats[] = [];
  const identity = { name, id: randomUUID(), version, metadata };
  const started = new Date().toISOString();

  const answers: Record<string, () => object> = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...identity,
      description,
      endpoints: endpoints.map((endpoint) => ({
        name: endpoint.name,
        subject: endpoint.subject,
        queue_group: endpoint.queue_group,
        metadata: {},
      })),
    }),
    STATS: () => ({ type: 'io.nats.micro.v1.stats_response', ...identity, started, endpoints }),
  };

  return {
    endpoint(endpointName, subject) {
      const stats: EndpointStats = {
        // The protocol has no dots in names.
        name: endpointName.replaceAll('.', '-'),
        subject,
        queue_group: name,
        num_requests: 0,
        num_errors: 0,
        last_error: '',
        processing_time: 0,
        average_processing_time: 0,
      };
      endpoints.push(stats);
      return (startedAt, error) => {
        stats.num_requests += 1;
        stats.processing_time += Math.round((performance.now() - startedAt) * nanosecondsPerMs);
        stats.average_processing_time = Math.round(stats.processing_time / stats.num_requests);
        if (!error) return;
        stats.num_errors += 1;
        stats.last_error = error.message;
      };
    },
    attach(connection) {
      for (const [verb, answer] of Object.entries(answers)) {
        const callback = (_error: unknown, message: Msg) => {
          if (message.reply?.startsWith('_INBOX')) message.respond(JSON.stringify(answer()));
        };
        for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${identity.id}`]) {
          connection.subscribe(subject, { callback });
        }
      }
    },
  };
}
