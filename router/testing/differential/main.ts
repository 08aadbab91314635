/** `npm run test:differential -- --seed 1 --operations 20000`: random operations, answered as a monolith would. */
import { writeFileSync } from 'node:fs';
import { readOptions, wholeNumberIn } from '../../../schema/script-options.ts';
import { engineNames, type EngineName } from '../federation.ts';
import { compareAtRandom } from './differential.ts';

const values = readOptions({
  seed: { type: 'string', default: '1' },
  operations: { type: 'string', default: '20000' },
  engines: { type: 'string', default: 'own' },
  seconds: { type: 'string', default: '3600' },
  results: { type: 'string' },
});
const engines = values.engines
  .split(',')
  .filter((name): name is EngineName => engineNames.some((each) => each === name));
const beganAt = performance.now();
const until = beganAt + wholeNumberIn(values, 'seconds', 1, 1e6) * 1_000;
const differences = await compareAtRandom({
  seed: wholeNumberIn(values, 'seed', 0, 2 ** 32 - 1),
  operations: wholeNumberIn(values, 'operations', 1, 1e9),
  engines,
  goOn: () => performance.now() < until,
  tell: (what) => process.stdout.write(`${what}\n\n`),
});
const { operations, inParts, supergraphs, refused, panics, different } = differences;
const counts = engines.map((engine) => `${engine} ${different[engine]}`).join(', ');
process.stdout.write(
  `${operations} operations (${inParts} in parts) on ${supergraphs} supergraphs (${refused} more do not compose; the native planner ended its process at ${panics} operations); different from the monolith: ${counts}\n`,
);
if (values.results !== undefined) {
  const seconds = Math.round((performance.now() - beganAt) / 1_000);
  const date = new Date().toISOString().slice(0, 10);
  const recorded = { date, seed: Number(values.seed), engines, seconds, ...differences };
  writeFileSync(values.results, `${JSON.stringify(recorded, undefined, 2)}\n`);
}
// What the others get wrong is not ours.
process.exitCode = operations > 0 && different.own === 0 ? 0 : 1;
