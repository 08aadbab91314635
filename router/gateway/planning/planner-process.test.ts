import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import type { Logger } from '../../../platform/server/index.ts';
import { readGraph } from '../../documents/graph.ts';
import { compose } from '../../testing/federation.ts';
import { createPlanner } from './create-planner.ts';
import { createOverrides } from './overrides.ts';
import { fetchesOf, type Plan } from './plan.ts';
import { PlanTimeout, type Planner } from './planner.ts';
import { startPlannerProcess } from './planner-process.ts';

/** The native planner panics at `label`, whose subgraph knows a key that the one with what it requires does not. */
const sdl = compose({
  a: 'type Rider @key(fields: "id") @key(fields: "sku") { id: ID! sku: ID! bio: String }',
  b: `type Rider @key(fields: "id") @key(fields: "sku") {
    id: ID! sku: ID! rank: Int @external label: String @requires(fields: "rank") }`,
  c: 'type Query { rider: Rider } type Rider @key(fields: "id") { id: ID! rank: Int }',
});
const overrides = createOverrides({ sdl })();
const asked = (text: string) => {
  const document = parse(text, { noLocation: true });
  const operation = getOperationAST(document);
  if (!operation) throw new Error('There is no operation.');
  return { document, operation };
};
const plan = (planner: Planner, text: string) => planner.plan(asked(text), overrides);
const subgraphsOf = ({ node }: Plan) => fetchesOf(node).map(({ subgraph }) => subgraph);

const folder = mkdtempSync(join(tmpdir(), 'planner-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A planner that does this when it is asked. */
function planner(does: string, timeoutMs = 100, idleMs?: number) {
  const file = join(folder, `${String(does.length)}.mjs`);
  writeFileSync(
    file,
    `process.on('disconnect', () => process.exit());
     let times = 0;
     process.on('message', (message) => {
       if ('sdl' in message) return process.send({ begun: 'hive' });
       ${does}
     });`,
  );
  const options = { sdl, kind: 'native' as const, timeoutMs, main: pathToFileURL(file) };
  return startPlannerProcess(idleMs === undefined ? options : { ...options, idleMs });
}
const answers = 'process.send({ id: message.id, plan: { node: undefined, pid: process.pid } });';

describe('a planner', () => {
  it('that ends its process leaves the operation to the other one', async () => {
    const told: string[] = [];
    const quietly: string[] = [];
    const logger = {
      warn: ({ err }: { err: Error }) => void told.push(err.message),
      debug: ({ err }: { err: Error }) => void quietly.push(err.message),
    } as unknown as Logger;
    const both = await createPlanner({ graph: readGraph(sdl), logger, timeoutMs: 20_000 });
    expect(subgraphsOf(await plan(both, '{ rider { bio } }'))).toEqual(['c', 'a']);
    expect(subgraphsOf(await plan(both, '{ rider { label } }'))).toEqual(['c', 'b']);
    expect(told).toEqual([expect.stringMatching(/process ended: SIGABRT .*panicked/s)]);
    expect(subgraphsOf(await plan(both, '{ rider { rank } }'))).toEqual(['c']);
    // Whoever has a thousand such documents planned fills no log.
    await plan(both, '{ rider { label bio } }');
    expect([told.length, quietly.length > 0]).toEqual([1, true]);
  });

  it('is told no descriptions, which the native one does not read', async () => {
    const told: unknown[] = [];
    const logger = { warn: (given: unknown) => void told.push(given) } as unknown as Logger;
    const both = await createPlanner({ graph: readGraph(sdl), logger, timeoutMs: 20_000 });
    const text =
      '"An operation." query Q("Whether." $is: Boolean = true) { rider { ...R } } "A part." fragment R on Rider { bio }';
    expect(subgraphsOf(await plan(both, text))).toEqual(['c', 'a']);
    expect(told).toEqual([]);
  });

  it('that never ends is ended, and the next operation is planned', async () => {
    const stuck = await planner(
      `if (JSON.stringify(message.document).includes('stuck')) { const end = Date.now() + 60_000; while (Date.now() < end); } else ${answers}`,
    );
    await expect(plan(stuck, '{ stuck: rider { bio } }')).rejects.toThrow('There was no plan within 100 ms.');
    // It rests for a second after such an end.
    let next: Plan | undefined;
    for (let times = 0; times < 100 && !next; times += 1) {
      next = await plan(stuck, '{ rider { bio } }').catch(() => undefined);
      if (!next) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(next).toBeDefined();
  });

  it('that takes too long leaves the operation to the other one, and is given up when that does too', async () => {
    const started: string[] = [];
    const start = async (kind: string) => {
      started.push(kind);
      return planner('for (;;) message = {};');
    };
    const logger = { warn: () => undefined } as unknown as Logger;
    const both = await createPlanner({ graph: readGraph(sdl), logger, start });
    await expect(plan(both, '{ rider { bio } }')).rejects.toThrow(PlanTimeout);
    expect(started).toEqual(['native', 'javascript']);
  });

  it('that ends its process is not started again at once', async () => {
    const dying = await planner(`process.exit(times);`);
    await expect(plan(dying, '{ rider { bio } }')).rejects.toThrow(/^The planner’s process ended: 0/);
    await expect(plan(dying, '{ rider { bio } }')).rejects.toThrow('The planner’s process has just ended.');
  });

  it('that cannot read a supergraph says why', async () => {
    const started = startPlannerProcess({ sdl: 'type Query { a: Int }', kind: 'javascript', timeoutMs: 100 });
    await expect(started).rejects.toThrow('Invalid supergraph');
  });

  it('that is not needed is not there', async () => {
    const idle = await planner(answers, 5_000, 50);
    const pids = new Set<unknown>();
    for (let times = 0; times < 100 && pids.size < 2; times += 1) {
      pids.add(((await plan(idle, '{ rider { bio } }')) as { pid?: number }).pid);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(pids.size).toBe(2);
  });
});
