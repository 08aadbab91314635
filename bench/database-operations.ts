import { mongo } from 'mongoose';
import type { OperationCounts } from './operation-counts.ts';
import { tally } from './operation-counts.ts';

/** Counts the commands of clients that were connected with `monitorCommands`, and measures what both ways carried. */
export function countOperations(
  clients: readonly { name: string; client: Pick<mongo.MongoClient, 'on'> }[],
): () => OperationCounts {
  const counts: OperationCounts = {};
  for (const { name, client } of clients) {
    const ofService = (counts[name] ??= {});
    const underWay = new Map<number, { what: string; rows: number; bytes: number }>();
    client.on('commandStarted', ({ requestId, commandName, command }) => {
      const bytes = mongo.BSON.calculateObjectSize(command);
      underWay.set(requestId, { ...describe(commandName, command), bytes });
    });
    const ended = ({ requestId, duration }: { requestId: number; duration: number }, replyBytes: number) => {
      const { what = '?', rows = 0, bytes = 0 } = underWay.get(requestId) ?? {};
      underWay.delete(requestId);
      tally(ofService, what, { rows, bytes: bytes + replyBytes, ms: duration });
    };
    client.on('commandSucceeded', (event) => ended(event, mongo.BSON.calculateObjectSize(event.reply as object)));
    client.on('commandFailed', (event) => ended(event, 0));
  }
  return () => {
    const answer = structuredClone(counts);
    for (const tally of Object.values(counts).flatMap((tallies) => Object.values(tallies))) tally.longest = 0;
    return answer;
  };
}

/** Kind and collection, and by which fields, which tells a sweep’s look from a request’s. */
function describe(commandName: string, command: Record<string, unknown>): { what: string; rows: number } {
  const { documents, updates, deletes, filter, query, pipeline } = command as {
    documents?: object[];
    updates?: { q: object }[];
    deletes?: { q: object }[];
    filter?: object;
    query?: object;
    pipeline?: { $match?: object }[];
  };
  const statements = updates ?? deletes;
  const by = filter ?? query ?? statements?.[0]?.q ?? pipeline?.[0]?.$match;
  const fields = Object.keys(by ?? {}).join(' ');
  // The next part of an answer is asked for by a number.
  const collection = command['collection'] ?? command[commandName];
  const what = `${commandName} ${String(collection)}${fields ? ` by ${fields}` : ''}`;
  return { what, rows: (documents ?? statements)?.length ?? 0 };
}
