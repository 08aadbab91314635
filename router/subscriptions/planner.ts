import { Kind, print, separateOperations, type DocumentNode } from 'graphql';
import type { ErrorFormatter } from '../client-errors.ts';
import { decisionsIn } from '../documents/conditions.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import type { Graph } from '../documents/graph.ts';
import type { Variables } from '../documents/variables.ts';
import type { Compiler } from '../gateway/compiled.ts';
import type { Answer } from '../gateway/asked.ts';
import { answerOf, askFor, type EngineOptions } from '../gateway/engine.ts';
import { beginExecution, compileEvent } from '../gateway/execution/execute.ts';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import type { SubgraphClient } from '../gateway/subgraph-client.ts';
import { readResumables } from './resumable.ts';
import { readSameForEverybody } from './same-for-everybody.ts';
import { toUpstreamOperation, usedVariables, type UpstreamOperation } from './upstream-operation.ts';

/** A planned subscription: what to ask its owner, and how to complete each event from the other subgraphs. */
export interface SubscriptionPlan {
  /** The operation in normal form: equal texts are equal operations. */
  text: string;
  /** The operation as its client wrote it, and what of it is asked for. */
  asked: Pick<CheckedOperation, 'query' | 'name'> & { decisions: Variables };
  /** The subgraph whose events they are. */
  owner: Pick<SubgraphClient, 'url' | 'timeoutMs' | 'identityOf' | 'refused'>;
  upstream: UpstreamOperation;
  /** The client's variable that only says where to begin; it does not tell two running subscriptions apart. */
  beginningVariable: string | undefined;
  /** Its answer depends on no token, so that none is sent for it. */
  isSameForEverybody: boolean;
  /** Variables that the owner is sent. */
  upstreamVariables(variables: Variables): Variables;
  /** The answer for the clients. Takes the event over: entities are merged into it. */
  complete(event: SubgraphAnswer, variables: Variables, context: RequestContext): Promise<Answer>;
}

export interface SubscriptionPlanner {
  /** @throws a client error as `Compiler.compile`. */
  plan(operation: CheckedOperation, variables: Variables): Promise<SubscriptionPlan>;
}

export interface SubscriptionPlannerOptions {
  clientOf(subgraph: string): Pick<SubgraphClient, 'ask' | 'url' | 'timeoutMs' | 'identityOf' | 'refused'>;
  hooks: EngineOptions['hooks'];
  graph: Graph;
  compiler: Compiler;
  formatError: ErrorFormatter;
}

/** @throws {ConfigError} when the supergraph declares a subscription `@resumable` that cannot be. */
export function createSubscriptionPlanner(options: SubscriptionPlannerOptions): SubscriptionPlanner {
  const { compiler, formatError, graph } = options;
  const { isOf } = compiler;
  const resumables = readResumables(graph);
  const isSameForEverybody = readSameForEverybody(graph);
  /** As long as the compiled operation is kept. */
  const plans = new WeakMap<object, SubscriptionPlan>();

  function createPlan(
    checked: CheckedOperation,
    decisions: Variables,
    { plan, run, shape }: Awaited<ReturnType<Compiler['compile']>>,
  ): SubscriptionPlan {
    const { subscription } = plan;
    if (!subscription) throw new Error('The planner made no subscription of a valid one.');
    const { operation } = checked;
    // Only this operation and its fragments: the document's other operations must not affect sharing.
    const document = separateOperations(checked.document)[operation.name?.value ?? ''] ?? checked.document;
    const upstream = toUpstreamOperation(subscription.operation, resumables);
    const takeEvent = compileEvent(subscription, isOf);
    const { given, replaced } = upstream.resume ?? {};
    const beginning = given?.kind === Kind.VARIABLE ? given.name.value : undefined;
    return {
      text: print(document),
      asked: { query: checked.query, name: checked.name, decisions },
      owner: options.clientOf(subscription.subgraph),
      upstream,
      beginningVariable:
        beginning !== undefined && usedVariables(operation).get(beginning) === 1 && !inFragments(document)
          ? beginning
          : undefined,
      isSameForEverybody: isSameForEverybody(checked, plan),
      upstreamVariables: (variables) => {
        const names = subscription.variables.filter((name) => name in variables && name !== replaced);
        return Object.fromEntries(names.map((name) => [name, variables[name]]));
      },
      complete: async (event, variables, context) => {
        options.hooks.onEvent(event, context);
        const execution = beginExecution(variables, askFor(options, context));
        takeEvent(execution, event);
        await run(execution);
        return answerOf(shape, execution, formatError);
      },
    };
  }

  return {
    async plan(checked, variables) {
      const compiled = await compiler.compile(checked, variables);
      const known = plans.get(compiled) ?? createPlan(checked, decisionsIn(checked, variables), compiled);
      plans.set(compiled, known);
      return known;
    },
  };
}

/** Variables in fragments are not counted: such an operation only shares less. */
function inFragments(document: DocumentNode): boolean {
  return document.definitions.some((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
}
