import { subscribe } from 'node:diagnostics_channel';
import { tally, type OperationCounts } from './operation-counts.ts';

/** Counts the requests that this process sends to these ports, with the bytes of their bodies, as undici tells of them. */
export function countRequests(ports: Readonly<Record<string, number>>): () => OperationCounts {
  const names = new Map(Object.entries(ports).map(([name, port]) => [String(port), name]));
  const router: OperationCounts[string] = {};
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { origin?: string | URL; body?: unknown } };
    const name = names.get(new URL(String(request.origin)).port);
    if (name) tally(router, `request ${name}`, { bytes: bytesOf(request.body) });
  });
  return () => ({ router: structuredClone(router) });
}

function bytesOf(body: unknown): number {
  return typeof body === 'string' || body instanceof Uint8Array ? Buffer.byteLength(body) : 0;
}
