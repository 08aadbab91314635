import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { RegisterBikeDocument, type RefusalCode } from '../../../../schema/client/generated/graphql.ts';
import type { BikeLine } from './bike-csv.ts';

/** What became of a line. */
export type LineOutcome =
  { status: 'done'; bikeId: number } | { status: 'refused'; code: RefusalCode } | { status: 'failed'; code: string };

export interface Import {
  client: Client;
  /** Names this import: a line that is sent again under it is registered once. */
  importId: string;
  lines: readonly BikeLine[];
  onOutcome: (line: number, outcome: LineOutcome) => void;
  signal: AbortSignal;
}

/** Lines under way at once: quick, and no burden for everybody else. */
const concurrency = 4;

/** Registers every line once and tells of each how it went. Ends early when aborted; lines under way are finished. */
export async function importBikes({ lines, ...rest }: Import): Promise<void> {
  const waiting = lines.values();
  await Promise.all(Array.from({ length: concurrency }, () => work(waiting, rest)));
}

async function work(
  waiting: IterableIterator<BikeLine>,
  { client, importId, onOutcome, signal }: Omit<Import, 'lines'>,
) {
  for (const { line, color, registeredDate } of waiting) {
    if (signal.aborted) return;
    const idempotencyKey = `${importId}-${line}`;
    const input = { color, idempotencyKey, ...(registeredDate && { registeredDate }) };
    onOutcome(line, await register(client, input));
  }
}

async function register(
  client: Client,
  input: { color: string; idempotencyKey: string; registeredDate?: string },
): Promise<LineOutcome> {
  try {
    const { bike, refusal } = (await client.request(RegisterBikeDocument, { input })).registerBike;
    if (bike) return { status: 'done', bikeId: bike.bikeId };
    return refusal ? { status: 'refused', code: refusal.code } : { status: 'failed', code: 'UNKNOWN' };
  } catch (error) {
    return { status: 'failed', code: error instanceof GraphqlRequestError ? error.code : 'UNKNOWN' };
  }
}
