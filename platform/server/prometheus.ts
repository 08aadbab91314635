import { setTimeout } from 'node:timers/promises';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { RequestHandler } from './http.ts';

/** The metrics of one service or the router, with Node's of its process. Each is labelled with its owner. */
export function createRegister(service: string): Registry {
  const register = new Registry();
  register.setDefaultLabels({ service });
  collectDefaultMetrics({ register });
  return register;
}

/** `/metrics` in Prometheus' text format. */
export function metricsRoute(register: Registry): RequestHandler {
  return async (_request, response) => {
    const text = await register.metrics();
    response.writeHead(200, { 'content-type': register.contentType });
    response.end(text);
  };
}

export interface ReadGauge {
  name: string;
  help: string;
  read(): Promise<number> | number;
  /** How long a scrape waits; a figure that is late is left out, since a wrong one would mislead. */
  timeoutMs: number;
  /** How long a figure is cached: several scrapers cost no more than one. */
  keepMs: number;
}

/** A gauge that is read on a scrape. */
export function addReadGauge(register: Registry, { name, help, read, timeoutMs, keepMs }: ReadGauge): void {
  let known: { value: number; at: number } | undefined;
  let reading: Promise<void> | undefined;

  async function readNow(): Promise<void> {
    try {
      known = { value: await read(), at: performance.now() };
    } catch {
      known = undefined;
    } finally {
      reading = undefined;
    }
  }

  new Gauge({
    name,
    help,
    registers: [register],
    async collect() {
      if (known && performance.now() - known.at >= keepMs) known = undefined;
      // One that hangs is not read a second time meanwhile.
      if (!known) await Promise.race([(reading ??= readNow()), setTimeout(timeoutMs, undefined, { ref: false })]);
      if (known) this.set(known.value);
      else this.remove();
    },
  });
}
