import type { GraphQLFormattedError } from 'graphql';
import type { ErrorFormatter } from '../../client-errors.ts';
import type { ResponsePath } from '../execution/entities.ts';
import type { Execution, Run } from '../execution/execute.ts';
import type { LaterPart, Shape } from '../execution/shape.ts';
import type { Deferral, DeferUsage } from './deferral.ts';

/** An operation that is answered in parts, ready to run with some values of its variables. */
export interface DeferringRun {
  deferral: Deferral;
  shape: Shape;
  /** Asks for what the first answer needs. */
  first: Run;
  /** Asks for what a deferred fragment needs besides. */
  parts: ReadonlyMap<DeferUsage, Run>;
}

/** A deferred fragment in one object of the answer. */
export interface Deferred {
  id: string;
  label: string | undefined;
  path: ResponsePath;
}

/** What came for some fields of one object. */
export interface DeferredData {
  /** Its path begins the one of the object. */
  of: Deferred;
  path: ResponsePath;
  /** JSON. */
  data: string;
  errors: readonly GraphQLFormattedError[];
}

/** One of the parts of an answer. */
export interface AnswerPart {
  /** Of the first only, as JSON. */
  data?: string;
  errors: readonly GraphQLFormattedError[];
  /** What will come. */
  pending: readonly Deferred[];
  incremental: readonly DeferredData[];
  /** What has come, or cannot, for these errors. */
  completed: readonly { of: Deferred; errors?: readonly GraphQLFormattedError[] }[];
  hasNext: boolean;
  extensions?: object | undefined;
}

/** A deferred fragment in one object, while it is not answered. */
interface Waiting extends Omit<Deferred, 'id'> {
  usage: DeferUsage;
  /** That of the deferred fragment around it. */
  parent: Waiting | undefined;
  /** Once the client knows of it. */
  known: Deferred | undefined;
  failed: boolean;
}

interface WaitingPart extends LaterPart {
  waiting: readonly Waiting[];
  /** Once it is written. */
  written?: { data: string | undefined; errors: GraphQLFormattedError[]; later: LaterPart[] };
}

/**
 * Runs an operation and gives its answer in parts: at first all that is not deferred, then each deferred fragment once
 * all is there that it needs. What several fragments ask for is given once, with the first of them. A null that may not
 * be there makes its fragment absent, with an error.
 * @param receive is not called when nothing is left to come: then the answer is whole.
 */
export async function deliver(
  { deferral, shape, first, parts }: DeferringRun,
  execution: Execution,
  formatError: ErrorFormatter,
  receive: (part: AnswerPart) => void,
): Promise<{ data: string; errors: GraphQLFormattedError[] }> {
  const inNames = ({ path, ...error }: GraphQLFormattedError) =>
    path ? { ...error, path: shape.pathOf(path) } : error;
  const formatted = (errors: readonly GraphQLFormattedError[]) => errors.map((error) => formatError(error));
  /** Errors of subgraphs that no part has told. */
  let untold: GraphQLFormattedError[] = [];
  let left: WaitingPart[] = [];
  const told: GraphQLFormattedError[] = [];
  const done = new Set<DeferUsage>();
  const instances = new Map<ResponsePath, Map<DeferUsage, Waiting>>();
  /** What the client is told of with the next part, and what it waits for. */
  let news: Deferred[] = [];
  let open: Waiting[] = [];
  let ids = 0;

  function waitingFor(usage: DeferUsage, scope: LaterPart['scope']): Waiting {
    const path = scope.get(usage) ?? [];
    const there = instances.get(path) ?? new Map<DeferUsage, Waiting>();
    instances.set(path, there);
    const known = there.get(usage);
    if (known) return known;
    const { label, parent } = usage;
    const waiting: Waiting = {
      usage,
      label,
      path,
      parent: parent && waitingFor(parent, scope),
      known: undefined,
      failed: false,
    };
    there.set(usage, waiting);
    return waiting;
  }

  const wait = (later: readonly LaterPart[]): void => {
    for (const part of later) {
      left.push({ ...part, waiting: [...part.group].map((usage) => waitingFor(usage, part.scope)) });
    }
  };

  const gatherErrors = () => void untold.push(...execution.errors.splice(0).map(inNames));

  /** Takes the errors that have been found of what was written; those of what comes later stay. */
  function takeErrors(belongs: (error: GraphQLFormattedError) => boolean, later: readonly LaterPart[]) {
    const isNow = (error: GraphQLFormattedError) => belongs(error) && !later.some((part) => isIn(part, error));
    const now = untold.filter(isNow);
    untold = untold.filter((error) => !isNow(error));
    return now;
  }

  /** Writes something, and gives it the errors that are its own. */
  function write(
    by: (errors: GraphQLFormattedError[], later: LaterPart[]) => string | undefined,
    belongs: (error: GraphQLFormattedError) => boolean,
  ): NonNullable<WaitingPart['written']> {
    const later: LaterPart[] = [];
    const known = [...untold];
    const data = by(known, later);
    const found = known.slice(untold.length);
    const errors = [...takeErrors(belongs, later), ...found];
    return { data, errors: formatted(errors), later };
  }

  const isFailed = ({ failed, parent }: Waiting): boolean => failed || (parent !== undefined && isFailed(parent));
  const isLeft = (waiting: Waiting) => left.some((part) => part.waiting.includes(waiting));
  const isWithin = ({ parent }: Waiting): boolean => parent !== undefined && (isLeft(parent) || isWithin(parent));
  function tellOf(waiting: Waiting): Deferred {
    const { label, path } = waiting;
    if (waiting.known) return waiting.known;
    waiting.known = { id: String(ids++), label, path };
    news.push(waiting.known);
    open.push(waiting);
    return waiting.known;
  }

  /** Those that can be given by now: all is there, and what they are within has been given. */
  const ready = (): Waiting | undefined =>
    left.flatMap(({ waiting }) => waiting).find((each) => done.has(each.usage) && !isWithin(each) && !isFailed(each));

  function give(waiting: Waiting, into: { incremental: DeferredData[]; completed: AnswerPart['completed'][number][] }) {
    const of = tellOf(waiting);
    const given: DeferredData[] = [];
    const more: LaterPart[] = [];
    const mine = left.filter((part) => part.waiting.includes(waiting));
    const failures: GraphQLFormattedError[] = [];
    for (const part of mine) {
      part.written ??= write(part.write, (error) => isIn(part, error) || isAbove(part, error));
      const { data, errors, later } = part.written;
      told.push(...errors);
      if (data === undefined) failures.push(...errors);
      else given.push({ of: nearest(part.waiting, waiting), path: part.path, data, errors });
      more.push(...later);
    }
    if (failures.length > 0) {
      waiting.failed = true;
      open = open.filter((each) => !isFailed(each));
      left = left.filter((part) => !part.waiting.every(isFailed));
      into.completed.push({ of, errors: failures });
      return;
    }
    left = left.filter((part) => !mine.includes(part));
    wait(more);
    into.incremental.push(...given);
    // Also those whose fields have all been given with others.
    const whole = open.filter((each) => !isLeft(each));
    open = open.filter(isLeft);
    into.completed.push(...whole.map((each) => ({ of: tellOf(each) })));
  }

  /** That of the fragments which the client knows that is spread nearest to the object; of equal ones the given one. */
  function nearest(all: readonly Waiting[], given: Waiting): Deferred {
    const others = all.filter((each) => each.known && !isFailed(each));
    const [best = given] = [given, ...others].toSorted((one, other) => other.path.length - one.path.length);
    return tellOf(best);
  }

  /** What the client is told of now, because nothing else has to come before. */
  function announced(): Deferred[] {
    for (const waiting of left.flatMap((part) => part.waiting)) {
      if (!isWithin(waiting) && !isFailed(waiting)) tellOf(waiting);
    }
    const pending = news;
    news = [];
    return pending;
  }

  await first(execution);
  gatherErrors();
  const { data, errors, later } = write(
    (all, more) => shape.write(execution, all, more),
    () => true,
  );
  told.push(...errors);
  wait(later);
  const answer = { data: data ?? 'null', errors: told };
  if (left.length === 0) return answer;
  receive({
    data: answer.data,
    errors: [...errors],
    pending: announced(),
    incremental: [],
    completed: [],
    hasNext: true,
  });

  const end = deferral.usages.map(async (usage) => {
    try {
      await parts.get(usage)?.(execution);
    } catch (error) {
      execution.errors.push(formatError(error));
    }
    gatherErrors();
    done.add(usage);
    const into = { incremental: [], completed: [] as AnswerPart['completed'][number][] };
    for (let next = ready(); next; next = ready()) give(next, into);
    const pending = announced();
    if (into.completed.length === 0 && into.incremental.length === 0) return;
    receive({ ...into, errors: [], pending, hasNext: left.length > 0 });
  });
  await Promise.all(end);
  return answer;
}

/** Whether an error is about the fields of a part. */
function isIn({ path, names }: LaterPart, { path: at }: GraphQLFormattedError): boolean {
  const name = at?.[path.length];
  return (
    at !== undefined && typeof name === 'string' && names.has(name) && path.every((step, index) => at[index] === step)
  );
}

/** Or about what is around them: a key that could not be read. */
function isAbove({ path }: LaterPart, { path: at = [] }: GraphQLFormattedError): boolean {
  return at.length <= path.length && at.every((step, index) => path[index] === step);
}
