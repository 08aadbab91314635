/** The process that plans, for planner-process.ts. */
import { buildASTSchema, Kind, parse } from 'graphql';
import { createPlannerHere } from './create-planner.ts';
import { endWithParent } from './end-with-parent.ts';
import { PlanTimeout, type Planner } from './planner.ts';
import type { FromPlanner, ToPlanner } from './planner-process.ts';

let planner: Promise<Planner> | undefined;

const tell = (message: FromPlanner) => process.send?.(message);
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function begin({ sdl, kind, timeoutMs }: Extract<ToPlanner, { sdl: string }>): Promise<Planner> {
  // More than clients may ask, which planners are not told of.
  const schema = buildASTSchema(parse(sdl, { noLocation: true }), { assumeValid: true, assumeValidSDL: true });
  return createPlannerHere(kind, { graph: { sdl, schema }, timeoutMs });
}

async function plan({ id, document, at, overrides }: Extract<ToPlanner, { id: number }>): Promise<void> {
  try {
    const operation = document.definitions[at];
    if (!planner || operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('There is nothing to plan.');
    tell({ id, plan: await (await planner).plan({ document, operation }, overrides) });
  } catch (error) {
    tell({ id, failed: messageOf(error), isLate: error instanceof PlanTimeout });
  }
}

endWithParent();
// Native code that never ends would keep it from an orderly end.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// The router plans until its own end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('message', (message: ToPlanner) => {
  if ('id' in message) return void plan(message);
  planner = begin(message);
  planner.then(
    ({ name }) => tell({ begun: name }),
    (error: unknown) => tell({ refused: messageOf(error) }),
  );
});
