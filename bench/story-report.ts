import { countMessages } from './broker-messages.ts';
import { evenly, runLoad } from './load.ts';
import { operationsPer, type Tally } from './operation-counts.ts';
import { measureUsage } from './process-usage.ts';
import { registerBikes, signInRiders, untilQuiet } from './seeding.ts';
import { round } from './statistics.ts';
import { countStories, linesOf, overBudget, storyBudget, tellStory } from './story.ts';
import type { SystemUnderTest } from './system-under-test.ts';

const countedStories = 5;
const timedStories = 40;
/** Stories of ten seconds have a bike and a rider each. */
const placesPerRate = 10;
const pauseMs = 100;

/** `npm run bench -- --story`: what one story does, alone and at a rate, beside its budget; docs/budget.md says what for. */
export async function reportStory(
  system: SystemUnderTest,
  { rate, seconds }: { rate: number; seconds: number },
  say: (line: string) => void,
): Promise<void> {
  const { operations } = system;
  if (!operations) throw new Error('The system does not count.');
  const messages = await countMessages(system.env['NATS_URL'] ?? '', system.name);
  const counts = async () => ({ ...(await operations()).operations, ...messages.counts() });
  const operator = await system.client('operator', 'operator');
  const places = Math.max(40, Math.ceil(rate * placesPerRate));
  say(`Seeding ${places} bikes and riders …`);
  const bikeIds = await registerBikes(operator, places);
  const riders = await signInRiders(system, places);
  const [bikeId = 0, rider = operator] = [bikeIds[0], riders[0]];
  for (let index = 0; index < timedStories; index += 1) await tellStory({ rider, bikeId }, 0);
  await untilQuiet(operator);

  say(`${countedStories} stories, one after the other …`);
  const alone = await countStories(countedStories, { rider, bikeId, counts });

  say(`${timedStories} stories, one after the other, without a pause …`);
  const took = await usageOf(system, timedStories, async () => {
    for (let index = 0; index < timedStories; index += 1) await tellStory({ rider, bikeId }, 0);
  });

  say(`${rate} a second for ${seconds} s …`);
  const load = { riders, bikeIds, pauseMs, signal: new AbortController().signal };
  await runLoad({ ...load, schedule: evenly(rate, 5) });
  await untilQuiet(operator);
  const before = await counts();
  let completed = 0;
  const tookAtRate = await usageOf(system, Math.round(rate * seconds), async () => {
    ({ completed } = await runLoad({ ...load, schedule: evenly(rate, seconds) }));
  });
  const atRate = linesOf(operationsPer(Math.max(1, completed), before, await counts()));

  for (const line of table(alone, atRate, `at ${rate}/s`)) process.stdout.write(`${line}\n`);
  process.stdout.write(`\nCPU in ms and allocation in MB, a story: alone ${took}, at ${rate}/s ${tookAtRate}\n`);
  const over = overBudget(alone);
  process.stdout.write(over.length > 0 ? `\nOver the budget:\n${over.join('\n')}\n` : '\nWithin the budget.\n');
  if (over.length > 0) process.exitCode = 1;
  await messages.close();
}

async function usageOf(system: SystemUnderTest, stories: number, live: () => Promise<void>): Promise<string> {
  await system.operations?.();
  const stop = measureUsage(system.pids);
  await live();
  const { cpuMs } = stop();
  const each = Object.entries(cpuMs).map(([name, ms]) => `${name} ${round(ms / stories)}`);
  const allocatedMb = (await system.operations?.())?.pauses.allocatedMb ?? NaN;
  return `${each.join(', ')}, ${round(allocatedMb / stories)} MB`;
}

function table(alone: Record<string, Tally>, atRate: Record<string, Tally>, rateName: string): string[] {
  const lines = [...new Set([...Object.keys(storyBudget), ...Object.keys(alone), ...Object.keys(atRate)])];
  const rows = lines.map((line) => {
    const [one, many] = [alone[line], atRate[line]];
    // Lines that only a moment’s chance leads to.
    if (!one && !(line in storyBudget) && (many?.count ?? 0) < 0.05) return [];
    const cells = [storyBudget[line], one?.count, one?.rows, one?.bytes, many?.count, many?.rows, many?.ms];
    return [`| ${line} | ${cells.map((cell) => cell ?? '').join(' | ')} |`];
  });
  const head = `| a story | budget | alone | rows | bytes | ${rateName} | rows | ms each |`;
  return [head, '|---|---|---|---|---|---|---|---|', ...rows.flat()];
}
