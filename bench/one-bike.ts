import type { Client } from '../schema/client/client.ts';
import { ReserveBikeDocument, ReturnBikeDocument } from '../schema/client/generated/graphql.ts';
import { codeOf } from './load.ts';
import { createCounter, round } from './statistics.ts';

export interface Race {
  riders: number;
  wallMs: number;
  outcomes: Record<string, number>;
}

/** All riders want one bike at once: how long until the last has an answer. The winner brings it back. */
export async function raceForOneBike(riders: readonly Client[], bikeId: number): Promise<Race> {
  const { counts, count } = createCounter();
  const won: (() => Promise<unknown>)[] = [];
  const startedAt = performance.now();
  await Promise.all(
    riders.map(async (rider) => {
      try {
        const { reserveBike } = await rider.request(ReserveBikeDocument, { input: { bikeId } });
        const { refusal, reservation } = reserveBike;
        count(refusal?.code ?? reservation?.reserveStatus ?? 'NOTHING');
        if (refusal || !reservation) return;
        const { reserveNo } = reservation;
        won.push(() => rider.request(ReturnBikeDocument, { input: { reserveNo } }));
      } catch (error) {
        count(codeOf(error));
      }
    }),
  );
  const wallMs = round(performance.now() - startedAt);
  for (const bringBack of won) await bringBack();
  return { riders: riders.length, wallMs, outcomes: { ...counts } };
}
