import { createLruCache, type Logger } from '../../platform/server/index.ts';
import { routerError, unavailable } from '../client-errors.ts';
import { decide } from '../documents/conditions.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import type { Graph } from '../documents/graph.ts';
import type { Variables } from '../documents/variables.ts';
import { compilePlan, compileShared, weightOf, type Run } from './execution/execute.ts';
import { compileShape, type Shape } from './execution/shape.ts';
import { createTypeTest } from './execution/types.ts';
import type { TypeTest } from './execution/values.ts';
import type { Hooks } from './hooks.ts';
import { cutPlan } from './incremental/cut.ts';
import { readDeferral } from './incremental/deferral.ts';
import type { DeferringRun } from './incremental/deliver.ts';
import { separateMembers } from './planning/members.ts';
import type { DecideOverrides, Overrides } from './planning/overrides.ts';
import type { Plan } from './planning/plan.ts';
import { isPassing, type Planner } from './planning/planner.ts';

/** An operation that is ready to run, as often as it comes with the same @skip, @include and @defer. */
export interface CompiledOperation {
  plan: Plan;
  /** Asks the subgraphs. */
  run: Run;
  /** Writes the answer. */
  shape: Shape;
  /** The same in parts; undefined when nothing is deferred. */
  inParts: DeferringRun | undefined;
  /** About how much memory it takes, in bytes. */
  weight: number;
}

export interface CompilerOptions {
  graph: Graph;
  planner: Planner;
  overrides: DecideOverrides;
  cacheBytes: number;
  hooks: Pick<Required<Hooks>, 'onPlan'>;
  logger: Logger;
}

export interface Compiler {
  isOf: TypeTest;
  /**
   * Plans an operation that is new, or asks for something else with these variables: once however many ask for it.
   * @throws a client error INTERNAL_SERVER_ERROR when it cannot be planned, SERVICE_UNAVAILABLE when it could not be in
   * time; the log has why.
   */
  compile(operation: CheckedOperation, variables: Variables): Promise<CompiledOperation>;
}

export function createCompiler({
  graph,
  planner,
  overrides: decideOverrides,
  cacheBytes,
  hooks,
  logger,
}: CompilerOptions): Compiler {
  const isOf = createTypeTest(graph.supergraph);
  const known = createLruCache<string, CompiledOperation>(cacheBytes, ({ weight }) => weight);
  const underway = new Map<string, Promise<CompiledOperation>>();

  async function planned(key: string, checked: CheckedOperation, overrides: Overrides): Promise<CompiledOperation> {
    const plan = await planOf(checked, overrides);
    const compiled = {
      plan,
      run: compilePlan(plan, isOf),
      shape: compileShape({ schema: graph.schema, ...checked }),
      inParts: compileParts(checked, plan),
      weight: weightOf(plan) * (checked.deferring ? 2 : 1),
    };
    known.set(key, compiled);
    return compiled;
  }

  function compileParts({ deferring, nameOf }: CheckedOperation, plan: Plan): DeferringRun | undefined {
    const deferral = deferring && readDeferral(deferring);
    if (!deferral || deferral.usages.length === 0) return undefined;
    const { operation } = deferral;
    const cut = cutPlan(plan, deferral, graph);
    const compile = compileShared(isOf);
    return {
      deferral,
      shape: compileShape({ schema: graph.schema, operation, fragments: new Map(), nameOf, deferral }),
      first: compile(cut.first),
      parts: new Map([...cut.parts].map(([usage, node]) => [usage, compile(node)])),
    };
  }

  async function planOf(checked: CheckedOperation, overrides: Overrides): Promise<Plan> {
    const planned = hooks.onPlan(checked);
    try {
      const plan = separateMembers(await planner.plan(checked, overrides), graph.supergraph);
      planned?.(plan);
      return plan;
    } catch (error) {
      planned?.(undefined);
      const operation = checked.operation.name?.value;
      if (isPassing(error)) {
        logger.warn({ err: error, operation }, 'an operation could not be planned in time');
        throw unavailable('The router could not plan this operation in time. Try again later.');
      }
      logger.error({ err: error, operation }, 'a valid operation cannot be planned');
      throw routerError('INTERNAL_SERVER_ERROR', 'The router cannot plan this operation. The log has why.');
    }
  }

  return {
    isOf,
    async compile(checked, variables) {
      const overrides = decideOverrides();
      let key = `${checked.key}${overrides.key}`;
      for (const name of checked.conditions) key += !(name in variables) ? '-' : variables[name] === true ? '1' : '0';
      const ready = known.get(key);
      if (ready) return ready;
      let promise = underway.get(key);
      if (!promise) {
        promise = planned(key, decide(checked, variables), overrides).finally(() => underway.delete(key));
        underway.set(key, promise);
      }
      return promise;
    },
  };
}
