/**
 * A client that behaves, in a thread of its own: asks every 50 ms, never waits for the last answer before the next
 * question, and tells how long each took.
 */
import { parentPort, workerData } from 'node:worker_threads';

export interface VictimOptions {
  url: string;
  token: string;
  everyMs: number;
}

export interface Suffering {
  /** How long each answer took, in ms, in order of their size. */
  latencies: number[];
  /** What came instead of data. */
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
