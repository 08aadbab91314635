import fc from 'fast-check';
import { plans, tell } from './plan.ts';
import { simulate } from './history.ts';
const [from, to] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 1)];
const t0 = performance.now();
let bad = 0;
for (let seed = from; seed <= to; seed += 1) {
  const [plan] = fc.sample(plans, { seed, numRuns: 1 });
  if (!plan) throw new Error('no plan');
  const t = performance.now();
  const h = await simulate(plan);
  if (to === from || h.violations.length > 0) {
    bad += h.violations.length > 0 ? 1 : 0;
    console.log(
      seed,
      h.violations.length,
      h.violations.slice(0, 4),
      'attempts',
      h.attempts,
      'decisions',
      h.decisions,
      'virtual',
      h.lastedMs,
      h.settledMs,
      'trace',
      h.trace.length,
      'ms',
      Math.round(performance.now() - t),
      h.hash.slice(0, 8),
    );
    if (to === from) {
      console.log(tell(plan).join('\n'));
      if (process.argv[4]) console.log(h.trace.join('\n'));
    }
  }
}
console.log('bad', bad, 'of', to - from + 1, Math.round(performance.now() - t0), 'ms');
