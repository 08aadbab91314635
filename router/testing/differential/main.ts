/** `npm run test:differential -- --seed 1 --operations 20000`: random operations, answered as a monolith would. */
import { parseArgs } from 'node:util';
import { engineNames, type EngineName } from '../federation.ts';
import { compareAtRandom } from './differential.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    operations: { type: 'string', default: '20000' },
    engines: { type: 'string', default: 'own' },
    seconds: { type: 'string', default: '3600' },
  },
});
const engines = values.engines
  .split(',')
  .filter((name): name is EngineName => engineNames.some((each) => each === name));
const until = performance.now() + Number(values.seconds) * 1_000;
const { operations, supergraphs, refused, found } = await compareAtRandom(
  Number(values.seed),
  Number(values.operations),
  engines,
  () => performance.now() < until,
);
const shown = 20;
for (const engine of engines)
  for (const difference of found[engine].slice(0, shown)) process.stdout.write(`${difference}\n\n`);
for (const why of refused.slice(0, shown)) process.stdout.write(`${why.slice(0, 300)}\n\n`);
const counts = engines.map((engine) => `${engine} ${found[engine].length}`).join(', ');
process.stdout.write(
  `${operations} operations on ${supergraphs} supergraphs (${refused.length} more do not compose); different from the monolith: ${counts}\n`,
);
// What the others get wrong is not ours.
process.exitCode = operations > 0 && found.own.length === 0 ? 0 : 1;
