import type { GraphQLFormattedError } from 'graphql';
import type { ErrorFormatter } from '../../client-errors.ts';
import type { ResponsePath } from '../execution/entities.ts';
import type { Execution, Run } from '../execution/execute.ts';
import type { Shape } from '../execution/shape.ts';
import { addTold, newTold, type LaterPart } from '../execution/write.ts';
import type { Deferral, DeferUsage } from './deferral.ts';
import { createUntold } from './untold.ts';

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
  /** That of the deferred fragment around it, and those within it. */
  parent: Waiting | undefined;
  children: Waiting[];
  /** What of it is left. */
  parts: Set<WaitingPart>;
  /** Once the client knows of it. */
  known: Deferred | undefined;
  failed: boolean;
}

interface WaitingPart extends LaterPart {
  waiting: readonly Waiting[];
  /** Once it is written. */
  written?: { data: string | undefined; errors: GraphQLFormattedError[]; later: LaterPart[] };
}

/** What is sent at once. */
interface Given {
  incremental: DeferredData[];
  completed: AnswerPart['completed'][number][];
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
  const untold = createUntold();
  const told: GraphQLFormattedError[] = [];
  /** Where subgraphs told something, whether it is told here or not yet. */
  const toldPlaces = newTold();
  const left = new Set<WaitingPart>();
  /** By fragment, and by the path of the object that it is in. */
  const all = new Map<DeferUsage, Map<ResponsePath, Waiting>>(deferral.usages.map((usage) => [usage, new Map()]));
  const done = new Set<DeferUsage>();
  /** Those that may be given by now. There may be thousands, so that nobody looks through all of them each time. */
  let due: Waiting[] = [];
  const unannounced = new Set<Waiting>();
  /** What the client is told of with the next part. */
  let news: Deferred[] = [];
  let ids = 0;

  function waitingFor(usage: DeferUsage, scope: LaterPart['scope']): Waiting {
    const path = scope.get(usage) ?? [];
    const known = all.get(usage)?.get(path);
    if (known) return known;
    const { label } = usage;
    const parent = usage.parent && waitingFor(usage.parent, scope);
    const own = { children: [], parts: new Set<WaitingPart>(), known: undefined, failed: false };
    const waiting: Waiting = { usage, label, path, parent, ...own };
    parent?.children.push(waiting);
    all.get(usage)?.set(path, waiting);
    return waiting;
  }

  function wait(later: readonly LaterPart[]): void {
    for (const each of later) {
      const part = { ...each, waiting: [...each.group].map((usage) => waitingFor(usage, each.scope)) };
      left.add(part);
      for (const waiting of part.waiting) {
        waiting.parts.add(part);
        if (!waiting.known) unannounced.add(waiting);
        if (done.has(waiting.usage)) due.push(waiting);
      }
    }
  }

  function remove(part: WaitingPart): void {
    left.delete(part);
    for (const waiting of part.waiting) waiting.parts.delete(part);
  }

  function gatherErrors(): void {
    for (const error of execution.errors.splice(0).map(inNames)) {
      untold.add(error);
      addTold(toldPlaces, error);
    }
  }

  /** Writes something, and gives it those of the errors that are not about what comes later still. */
  function write(
    by: (errors: GraphQLFormattedError[], later: LaterPart[]) => string | undefined,
    errors: readonly GraphQLFormattedError[],
  ): NonNullable<WaitingPart['written']> {
    const later: LaterPart[] = [];
    const known = [...errors];
    const data = by(known, later);
    if (data === undefined) later.length = 0;
    const kept = new Set(later.flatMap((part) => untold.within(part.path).filter((error) => isIn(part, error))));
    const now = errors.filter((error) => !kept.has(error));
    for (const error of now) untold.remove(error);
    return { data, errors: formatted([...now, ...known.slice(errors.length)]), later };
  }

  const isFailed = ({ failed, parent }: Waiting): boolean => failed || (parent !== undefined && isFailed(parent));
  const isWithin = ({ parent }: Waiting): boolean =>
    parent !== undefined && (parent.parts.size > 0 || isWithin(parent));

  function tellOf(waiting: Waiting): Deferred {
    const { label, path } = waiting;
    if (waiting.known) return waiting.known;
    waiting.known = { id: String(ids++), label, path };
    news.push(waiting.known);
    return waiting.known;
  }

  function writtenOf(part: WaitingPart): NonNullable<WaitingPart['written']> {
    if (part.written) return part.written;
    const own = untold.within(part.path).filter((error) => isIn(part, error));
    // What is around it is told with it: a key that could not be read.
    const written = write(
      (errors, later) => part.write(errors, later, toldPlaces),
      [...own, ...untold.around(part.path)],
    );
    told.push(...written.errors);
    return (part.written = written);
  }

  /** Gives a fragment whose data is there, with what it is within. */
  function give(waiting: Waiting, into: Given): void {
    const of = tellOf(waiting);
    const parts = [...waiting.parts].map((part) => ({ part, ...writtenOf(part) }));
    const failures = parts.filter(({ data }) => data === undefined);
    if (failures.length > 0) {
      waiting.failed = true;
      for (const each of [waiting, ...descendantsOf(waiting)]) {
        for (const part of [...each.parts]) if (part.waiting.every(isFailed)) remove(part);
      }
      into.completed.push({ of, errors: failures.flatMap(({ errors }) => errors) });
      return;
    }
    for (const { part, data = '', errors, later } of parts) {
      into.incremental.push({ of: nearest(part.waiting, waiting), path: part.path, data, errors });
      remove(part);
      wait(later);
    }
    // Also those whose fields have all been given with others.
    for (const each of new Set(parts.flatMap(({ part }) => part.waiting))) {
      if (each.parts.size > 0 || !each.known) continue;
      into.completed.push({ of: each.known });
      due.push(...descendantsOf(each).filter(({ usage }) => done.has(usage)));
    }
  }

  function giveDue(): Given {
    const into: Given = { incremental: [], completed: [] };
    for (let at = 0; at < due.length; at += 1) {
      const waiting = due[at];
      if (waiting && waiting.parts.size > 0 && !isWithin(waiting) && !isFailed(waiting)) give(waiting, into);
    }
    due = [];
    return into;
  }

  /** That of the fragments which the client knows that is spread nearest to the object; of equal ones the given one. */
  function nearest(candidates: readonly Waiting[], given: Waiting): Deferred {
    const others = candidates.filter((each) => each.known && !isFailed(each));
    const [best = given] = [given, ...others].toSorted((one, other) => other.path.length - one.path.length);
    return tellOf(best);
  }

  /** What the client is told of now, because nothing else has to come before. */
  function announced(): Deferred[] {
    for (const waiting of unannounced) {
      const isGone = waiting.known !== undefined || waiting.parts.size === 0 || isFailed(waiting);
      if (!isGone && isWithin(waiting)) continue;
      if (!isGone) tellOf(waiting);
      unannounced.delete(waiting);
    }
    const pending = news;
    news = [];
    return pending;
  }

  await first(execution);
  gatherErrors();
  const { data, errors, later } = write((known, more) => shape.write(execution, known, more), untold.within([]));
  told.push(...errors);
  wait(later);
  const answer = { data: data ?? 'null', errors: told };
  if (left.size === 0) return answer;
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
    due.push(...(all.get(usage)?.values() ?? []));
    const given = giveDue();
    const pending = announced();
    if (given.completed.length === 0 && given.incremental.length === 0) return;
    receive({ ...given, errors: [], pending, hasNext: left.size > 0 });
  });
  await Promise.all(end);
  return answer;
}

const descendantsOf = ({ children }: Waiting): Waiting[] => children.flatMap((each) => [each, ...descendantsOf(each)]);

/** Whether an error is about the fields of a part. */
function isIn({ path, names }: LaterPart, { path: at }: GraphQLFormattedError): boolean {
  const name = at?.[path.length];
  return (
    at !== undefined && typeof name === 'string' && names.has(name) && path.every((step, index) => at[index] === step)
  );
}
