import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../schema/client/client.ts';
import { ReserveBikeDocument, ReturnBikeDocument, StartRideDocument } from '../schema/client/generated/graphql.ts';
import { difference, type OperationCounts, type Tally } from './operation-counts.ts';

interface Budget {
  story: Record<string, number>;
  clock: string[];
}
const budget = JSON.parse(readFileSync(join(import.meta.dirname, 'story-budget.json'), 'utf8')) as Budget;

/** What one story may do when the system does nothing else: `who: what` and how often. docs/budget.md says what for. */
export const storyBudget: Readonly<Record<string, number>> = budget.story;
/** What the clock makes a system do, whoever does it: no story’s. */
export const clockwork: readonly string[] = budget.clock;

/** Between the steps of a story: what one of them leads to must not share a write with the next. */
const pauseMs = 60;
/** Positions, marks and the dashboard’s rows are written within a second; so long nothing more may come. */
const quietMs = 1_300;
const lookEveryMs = 50;
const quietWithinMs = 20_000;

export interface StoryTeller {
  rider: Client;
  bikeId: number;
  counts(): Promise<OperationCounts>;
}

/**
 * Lives through stories one after the other, each until all that it led to is written. Gives the least of each line: on
 * a busy machine a wait looks again now and then, but what every story does costs every one of them. So when the budget
 * was not kept, a few more may show that it was chance.
 */
export async function countStories(times: number, teller: StoryTeller): Promise<Record<string, Tally>> {
  await untilNothingMoves(teller);
  const each: Record<string, Tally>[] = [];
  for (;;) {
    const before = await teller.counts();
    await tellStory(teller, pauseMs);
    await untilNothingMoves(teller);
    each.push(linesOf(difference(before, await teller.counts())));
    if (each.length < times) continue;
    const least = leastOf(each);
    if (overBudget(least).length === 0 || each.length >= 3 * times) return least;
  }
}

/** @throws {Error} when a step is refused. */
export async function tellStory(
  { rider, bikeId }: Pick<StoryTeller, 'rider' | 'bikeId'>,
  pauseMs: number,
): Promise<void> {
  const { reserveBike } = await rider.request(ReserveBikeDocument, { input: { bikeId } });
  const reserveNo = reserveBike.reservation?.reserveNo ?? 0;
  await delay(pauseMs);
  const { startRide } = await rider.request(StartRideDocument, { input: { reserveNo } });
  await delay(pauseMs);
  const { returnBike } = await rider.request(ReturnBikeDocument, { input: { reserveNo } });
  const refusal = reserveBike.refusal ?? startRide.refusal ?? returnBike.refusal;
  if (refusal) throw new Error(`The story was refused: ${refusal.code}`);
}

/** By `who: what`, without what the clock does. */
export function linesOf(counts: OperationCounts): Record<string, Tally> {
  const lines = Object.entries(counts).flatMap(([who, tallies]) =>
    Object.entries(tallies).flatMap(([what, tally]) => (clockwork.includes(what) ? [] : [[`${who}: ${what}`, tally]])),
  );
  return Object.fromEntries(lines) as Record<string, Tally>;
}

function leastOf(each: readonly Record<string, Tally>[]): Record<string, Tally> {
  const [first = {}, ...others] = each;
  const inAll = Object.entries(first).flatMap(([line, tally]) => {
    const all = [tally, ...others.flatMap((lines) => lines[line] ?? [])];
    if (all.length < each.length) return [];
    return [[line, all.reduce((least, one) => (one.count < least.count ? one : least))] as const];
  });
  return Object.fromEntries(inAll);
}

/** @throws {Error} after 20 s, with what went on. */
async function untilNothingMoves({ counts }: Pick<StoryTeller, 'counts'>): Promise<void> {
  let last = await counts();
  let movedAt = performance.now();
  const moved = new Set<string>();
  for (const deadline = movedAt + quietWithinMs; performance.now() < deadline; await delay(lookEveryMs)) {
    const now = await counts();
    const lines = Object.keys(linesOf(difference(last, now)));
    for (const line of lines) moved.add(line);
    if (lines.length > 0) [last, movedAt] = [now, performance.now()];
    else if (performance.now() - movedAt > quietMs) return;
  }
  throw new Error(`The system did something for ${quietWithinMs / 1000} s: ${[...moved].join(', ')}.`);
}

/** What a story did more often than the budget says, a line each. */
export function overBudget(told: Readonly<Record<string, Tally>>): string[] {
  return Object.entries(told).flatMap(([line, { count }]) => {
    const allowed = storyBudget[line] ?? 0;
    return count > allowed ? [`${line}: ${count}, ${allowed} in the budget`] : [];
  });
}
