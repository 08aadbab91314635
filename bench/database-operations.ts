import type { mongo } from 'mongoose';

/** Per service and per `command collection`: how many, and how long they took together, in ms. */
export type OperationCounts = Record<string, Record<string, { count: number; ms: number }>>;

/** Counts the commands of clients that were connected with `monitorCommands`; each answer goes on from the one before. */
export function countOperations(
  clients: readonly { name: string; client: Pick<mongo.MongoClient, 'on'> }[],
): () => OperationCounts {
  const counts: OperationCounts = {};
  for (const { name, client } of clients) {
    const ofService: OperationCounts[string] = {};
    counts[name] = ofService;
    const collections = new Map<number, string>();
    client.on('commandStarted', ({ requestId, commandName, command }) => {
      collections.set(requestId, String((command as Record<string, unknown>)[commandName]));
    });
    const ended = ({ requestId, commandName, duration }: mongo.CommandSucceededEvent | mongo.CommandFailedEvent) => {
      const key = `${commandName} ${collections.get(requestId) ?? '?'}`;
      collections.delete(requestId);
      const known = (ofService[key] ??= { count: 0, ms: 0 });
      known.count += 1;
      known.ms += duration;
    };
    client.on('commandSucceeded', ended);
    client.on('commandFailed', ended);
  }
  return () => structuredClone(counts);
}

/** What happened between two answers of `countOperations`, each divided by the number of reservations meanwhile. */
export function operationsPer(reservations: number, before: OperationCounts, after: OperationCounts): OperationCounts {
  const entries = Object.entries(after).map(([service, operations]) => {
    const changed = Object.entries(operations).flatMap(([key, { count, ms }]) => {
      const earlier = before[service]?.[key] ?? { count: 0, ms: 0 };
      const times = count - earlier.count;
      if (times === 0) return [];
      const perOperation = Math.round(((ms - earlier.ms) / times) * 10) / 10;
      return [[key, { count: Math.round((times / reservations) * 100) / 100, ms: perOperation }] as const];
    });
    changed.sort(([, one], [, other]) => other.count * other.ms - one.count * one.ms);
    return [service, Object.fromEntries(changed)];
  });
  return Object.fromEntries(entries) as OperationCounts;
}
