/**
 * A well-behaved client in a thread of its own: sends a request every 50 ms without waiting for the last answer, and
 * reports how long each took.
 */
import { parentPort, workerData } from 'node:worker_threads';

export interface VictimOptions {
  url: string;
  token: string;
  everyMs: number;
}

export interface Suffering {
  /** The latency of each answer in ms, sorted. */
  latencies: number[];
  /** Answers without data. */
  failures: string[];
}

const { url, token, everyMs } = workerData as VictimOptions;
const body = JSON.stringify({ query: '{ bikes(first: 5) { nodes { bikeId color isAvailable } } }' });
const suffering: Suffering = { latencies: [], failures: [] };
const asking = new Set<Promise<void>>();

async function ask(): Promise<void> {
  const startedAt = performance.now();
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (response.status !== 200 || !text.includes('"nodes"')) suffering.failures.push(`${response.status} ${text}`);
  } catch (error) {
    suffering.failures.push(String(error));
  }
  suffering.latencies.push(performance.now() - startedAt);
}

const timer = setInterval(() => {
  const question = ask().finally(() => asking.delete(question));
  asking.add(question);
}, everyMs);

parentPort?.once('message', () => {
  clearInterval(timer);
  void Promise.all(asking).then(() => {
    suffering.latencies.sort((a, b) => a - b);
    parentPort?.postMessage(suffering);
    parentPort?.close();
  });
});
