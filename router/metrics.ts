import { Counter, Gauge, Histogram } from 'prom-client';
import { createRegister, createRequestMetrics } from '../platform/server/index.ts';

/** What the router tells Prometheus; docs/metrics.md lists every name. */
export type Metrics = ReturnType<typeof createMetrics>;

/** How clients get live answers. */
const transports = ['websocket', 'sse', 'multipart'] as const;

export function createMetrics() {
  const register = createRegister('router');
  const registers = [register];
  const slowConsumers = new Counter({
    name: 'subscription_slow_consumers_total',
    help: 'Clients that were cut off because they did not read as fast as events came, by transport.',
    labelNames: ['transport'] as const,
    registers,
  });
  // So that a rate is known before the first one.
  for (const transport of transports) slowConsumers.inc({ transport }, 0);
  return {
    register,
    requests: createRequestMetrics(register),
    subgraphRequests: new Counter({
      name: 'subgraph_requests_total',
      help: 'HTTP requests to subgraphs, by outcome (HTTP status, `unreachable`, `cancelled`, or `not asked`).',
      labelNames: ['subgraph', 'outcome'] as const,
      registers,
    }),
    subgraphDuration: new Histogram({
      name: 'subgraph_request_duration_seconds',
      help: 'Time from asking a subgraph to its whole answer.',
      labelNames: ['subgraph'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    subgraphRetries: new Counter({
      name: 'subgraph_retries_total',
      help: 'Queries sent to a subgraph again, because the connection broke before any answer.',
      labelNames: ['subgraph'] as const,
      registers,
    }),
    subgraphCircuit: new Gauge({
      name: 'subgraph_circuit_open',
      help: '1 while a subgraph is asked only now and then, because it fails; otherwise 0.',
      labelNames: ['subgraph'] as const,
      registers,
    }),
    reloads: new Counter({
      name: 'supergraph_reloads_total',
      help: 'New supergraphs, by outcome: `taken`, `refused` (it cannot be served), `unreadable` (once per outage).',
      labelNames: ['outcome'] as const,
      registers,
    }),
    plans: new Histogram({
      name: 'query_plan_duration_seconds',
      help: 'Time that planning a new operation took, by outcome (`planned`, or `failed`).',
      labelNames: ['outcome'] as const,
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
      registers,
    }),
    sockets: new Gauge({ name: 'websocket_connections', help: 'Open WebSocket connections.', registers }),
    subscriptions: new Gauge({ name: 'subscriptions_open', help: 'Client subscriptions open now.', registers }),
    upstreams: new Gauge({
      name: 'subscription_upstreams_open',
      help: 'Subscriptions open at subgraphs; fewer than those of clients, because clients share.',
      registers,
    }),
    resumes: new Counter({
      name: 'subscription_resumes_total',
      help: 'Times an upstream was lost and taken up again from its cursor.',
      registers,
    }),
    slowConsumers,
    events: new Counter({ name: 'subscription_events_total', help: 'Events received from subgraphs.', registers }),
  };
}
