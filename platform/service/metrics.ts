import { Counter, Histogram, type Registry } from 'prom-client';
import { addReadGauge, createRegister } from '../server/prometheus.ts';
import { createRequestMetrics, type RequestMetrics } from '../server/request-metrics.ts';

/** What a subgraph tells Prometheus under `/metrics`; docs/metrics.md lists every name. */
export interface Metrics {
  readonly register: Registry;
  readonly requests: RequestMetrics;
  /** Measures an insert into a journal or feed, which resolves with false when another document was there before. */
  timeAppend(append: Promise<boolean>): Promise<boolean>;
  /** Measures the publishing of one event. */
  timePublish<Result>(publish: Promise<Result>): Promise<Result>;
  /** The broker lacked an event, which was published again. */
  refilled(): void;
  /** An event of others was handled; `decidedAt` is its own time. */
  handled(decidedAt: string): void;
  /** An event of others was parked. */
  parked(): void;
  /** Adds a counter; called with its label's value, if it has one. Labels must have few values. */
  counter(name: string, help: string, label?: string): (value?: string) => void;
  /** Adds a gauge that is read on a scrape; one that cannot be read in time is left out. */
  gauge(name: string, help: string, read: () => Promise<number> | number): void;
}

/** How long a scrape waits for a gauge that asks a server: Prometheus waits for all of them, by default 10 s. */
const timeoutMs = 1_000;
/** How long the value of a gauge is cached: several who scrape cost the server one question. */
const keepMs = 2_000;

export interface MetricsOptions {
  service: string;
  clock(): Date;
}

export function createMetrics({ service, clock }: MetricsOptions): Metrics {
  const register = createRegister(service);
  const registers = [register];
  const decisions = new Counter({
    name: 'ttareungi_decisions_total',
    help: 'Inserts into the journal or the feed, made by this process.',
    registers,
  });
  const conflicts = new Counter({
    name: 'ttareungi_journal_conflicts_total',
    help: 'Inserts that met another with the same version or cause, and were decided again or answered from it.',
    registers,
  });
  const appends = new Histogram({
    name: 'ttareungi_journal_append_duration_seconds',
    help: 'Time of an insert into the journal or the feed, with what it waited for others to share a command.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const publishes = new Histogram({
    name: 'ttareungi_publish_duration_seconds',
    help: 'Time until the broker said that it has stored an event.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const unstored = new Counter({
    name: 'ttareungi_publish_failures_total',
    help: 'Events that the broker did not say it has stored; they are published again.',
    registers,
  });
  const refills = new Counter({
    name: 'ttareungi_events_refilled_total',
    help: 'Events that the broker had lost, and has again from the journal.',
    registers,
  });
  const consumed = new Counter({
    name: 'ttareungi_events_consumed_total',
    help: 'Events of other services, handled or parked by this process.',
    labelNames: ['result'] as const,
    registers,
  });
  const ages = new Histogram({
    name: 'ttareungi_event_age_seconds',
    help: 'Time from the decision of an event to the end of its handling here.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers,
  });

  return {
    register,
    requests: createRequestMetrics(register),
    async timeAppend(append) {
      const stop = appends.startTimer();
      try {
        const taken = await append;
        (taken ? decisions : conflicts).inc();
        return taken;
      } finally {
        stop();
      }
    },
    async timePublish(publish) {
      const stop = publishes.startTimer();
      try {
        const result = await publish;
        stop();
        return result;
      } catch (error) {
        unstored.inc();
        throw error;
      }
    },
    refilled: () => refills.inc(),
    handled(decidedAt) {
      consumed.inc({ result: 'handled' });
      ages.observe(Math.max(0, (clock().getTime() - Date.parse(decidedAt)) / 1000));
    },
    parked: () => consumed.inc({ result: 'parked' }),
    counter(name, help, label) {
      const made = new Counter({ name, help, labelNames: label === undefined ? [] : [label], registers });
      return (value) => made.inc(label === undefined || value === undefined ? {} : { [label]: value });
    },
    gauge: (name, help, read) => addReadGauge(register, { name, help, read, timeoutMs, keepMs }),
  };
}
