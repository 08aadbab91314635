import { duplicateKey } from '../../platform/event-core/journal.ts';

/** The part of MongoDB that the services use, in memory. Other operations throw instead of doing something else. */
export interface Database {
  table(name: string): Table;
}

export interface Row {
  _id: unknown;
  [field: string]: unknown;
}
export type Filter = Record<string, unknown>;
export type Change = Record<string, unknown>;
/** A change that is worked out from the row. */
export type Pipeline = readonly Record<string, unknown>[];
type Order = Record<string, unknown>;
type Stage = Record<string, unknown>;

export interface Table {
  find(filter: Filter, order?: Order, limit?: number): Row[];
  /** @throws error 11000 */
  insert(row: Row): void;
  /** Replaces the matching row, or inserts it. @throws error 11000 */
  replace(filter: Filter, row: Row, upsert: boolean): void;
  /** Returns the rows after the change. @throws error 11000 */
  update(filter: Filter, change: Change | Pipeline, options: { upsert?: boolean; many?: boolean }): Row[];
  remove(filter: Filter): void;
  aggregate(pipeline: Stage[]): Row[];
  /** From now on no two rows may have the same values of these fields. */
  makeUnique(fields: string[]): void;
}

/** @param clock the server's own. */
export function createDatabase(clock: () => Date): Database {
  const tables = new Map<string, Table>();
  return {
    table(name) {
      const table = tables.get(name) ?? createTable(clock);
      tables.set(name, table);
      return table;
    },
  };
}

function createTable(clock: () => Date): Table {
  const rows = new Map<unknown, Row>();
  const uniques = new Map<string, string[]>();

  function find(filter: Filter, order?: Order, limit = Infinity): Row[] {
    const found = candidates(filter).filter((row) => matches(row, filter));
    if (order) found.sort((one, other) => compareBy(order, one, other));
    return found.slice(0, limit || Infinity);
  }

  function candidates({ _id }: Filter): Row[] {
    const some = isOperators(_id) ? _id['$in'] : [_id];
    if (_id === undefined || !Array.isArray(some)) return Array.from(rows.values());
    return some.flatMap((one) => rows.get(one) ?? []);
  }

  function insert(row: Row): void {
    if (rows.has(row._id)) throw duplicate('_id');
    for (const fields of uniques.values()) {
      for (const other of rows.values()) {
        if (fields.every((field) => isEqual(other[field], row[field]))) throw duplicate(fields.join());
      }
    }
    rows.set(row._id, row);
  }

  return {
    find: (filter, ...how) => find(asBson(filter), ...how),
    insert: (row) => insert(asBson(row)),
    replace(wanted, row, upsert) {
      const filter = asBson(wanted);
      const [found] = find(filter, undefined, 1);
      if (found) rows.set(found._id, asBson({ ...row, _id: found._id }));
      else if (upsert) insert(asBson(row));
    },
    update(wanted, change, { upsert = false, many = false }) {
      const filter = asBson(wanted);
      const found = find(filter, undefined, many ? Infinity : 1);
      if (found.length === 0 && upsert) {
        if (isPipeline(change)) throw unknown('an upsert by a pipeline');
        const row = asBson(changed(equalities(filter) as Row, filter, change, true, clock()));
        insert(row);
        return [row];
      }
      return found.map((before) => {
        const row = asBson(
          isPipeline(change) ? workedOut(before, change) : changed(before, filter, change, false, clock()),
        );
        rows.set(before._id, row);
        return row;
      });
    },
    remove(filter) {
      for (const { _id } of find(asBson(filter), undefined, 1)) rows.delete(_id);
    },
    aggregate: (pipeline) => pipeline.reduce(applyStage, Array.from(rows.values())),
    makeUnique: (fields) => void uniques.set(fields.join(), fields),
  };
}

function duplicate(index: string): Error {
  return Object.assign(new Error(`E11000 duplicate key: ${index}`), { name: 'MongoServerError', code: duplicateKey });
}

/** Values that databases have made are frozen: they need no copy. */
const stored = new WeakSet<object>();

/** The value as BSON has it: text is UTF-8, so half a surrogate pair becomes U+FFFD, also in names of fields. */
function asBson<Value>(value: Value): Value;
function asBson(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null || value instanceof Date || stored.has(value)) return value;
  const copy = Array.isArray(value)
    ? value.map((item: unknown) => asBson(item))
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), asBson(item)]));
  stored.add(Object.freeze(copy));
  return copy;
}

const unknown = (what: string) => new Error(`The simulated database does not know ${what}: teach it.`);

function isOperators(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Date || Array.isArray(value)) return false;
  return Object.keys(value).some((key) => key.startsWith('$'));
}

function isEqual(one: unknown, other: unknown): boolean {
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  return (one ?? null) === (other ?? null);
}

/** The values at a path; of an array on the way, those of each item. */
function valuesAt(value: unknown, path: string[]): unknown[] {
  const [field, ...rest] = path;
  if (field === undefined) return [value];
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, path));
  if (typeof value !== 'object' || value === null) return [undefined];
  return valuesAt((value as Record<string, unknown>)[field], rest);
}

function matches(row: Row, filter: Filter): boolean {
  return Object.entries(filter).every(([key, wanted]) => {
    if (key === '$and') return (wanted as Filter[]).every((one) => matches(row, one));
    if (key === '$or') return (wanted as Filter[]).some((one) => matches(row, one));
    const values = key.includes('.') ? valuesAt(row, key.split('.')) : [row[key]];
    if (!isOperators(wanted)) return values.some((value) => isEqual(value, wanted));
    return Object.entries(wanted).every(([operator, operand]) => fits(operator, values, operand));
  });
}

function fits(operator: string, values: unknown[], operand: unknown): boolean {
  const compares = (holds: (value: number, limit: number) => boolean) =>
    values.some((value) => typeof value === typeof operand && holds(value as number, operand as number));
  switch (operator) {
    case '$in':
      return values.some((value) => (operand as unknown[]).some((one) => isEqual(value, one)));
    case '$ne':
      return !values.some((value) => isEqual(value, operand));
    case '$lt':
      return compares((value, limit) => value < limit);
    case '$lte':
      return compares((value, limit) => value <= limit);
    case '$gt':
      return compares((value, limit) => value > limit);
    case '$gte':
      return compares((value, limit) => value >= limit);
    default:
      throw unknown(operator);
  }
}

function compareBy(order: Order, one: Row, other: Row): number {
  for (const [field, direction] of Object.entries(order)) {
    const [a = 0, b = 0] = [one, other].map((row) => valuesAt(row, field.split('.'))[0]) as (number | undefined)[];
    if (a < b) return -Number(direction);
    if (a > b) return Number(direction);
  }
  return 0;
}

/** The fields that an upsert starts with. */
function equalities(filter: Filter): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(filter).filter(([key, wanted]) => !key.includes('.') && !isOperators(wanted)),
  );
}

function isPipeline(change: Change | Pipeline): change is Pipeline {
  return Array.isArray(change);
}

function workedOut(before: Row, pipeline: Pipeline): Row {
  return pipeline.reduce<Row>((row, stage) => {
    if (!('$replaceWith' in stage)) throw unknown(Object.keys(stage).join());
    return evaluate(stage['$replaceWith'], row) as Row;
  }, before);
}

function changed(before: Row, filter: Filter, change: Change, isNew: boolean, now: Date): Row {
  const row: Row = { ...before };
  // Mongoose reads fields without an operator as `$set`.
  const operations = isOperators(change) ? change : { $set: change };
  for (const [operator, fields] of Object.entries(operations) as [string, Record<string, unknown>][]) {
    for (const [path, value] of Object.entries(fields)) {
      switch (operator) {
        case '$set':
          set(row, path, value, filter);
          break;
        case '$setOnInsert':
          if (isNew) row[path] = value;
          break;
        case '$inc':
          row[path] = Number(row[path] ?? 0) + Number(value);
          break;
        case '$push':
          row[path] = [...((row[path] as unknown[] | undefined) ?? []), value];
          break;
        case '$currentDate':
          row[path] = now;
          break;
        default:
          throw unknown(operator);
      }
    }
  }
  return row;
}

/** Sets a field; in `list.$.field`, `$` is the first item of the list that the filter matches by one of its fields. */
function set(row: Row, path: string, value: unknown, filter: Filter): void {
  const [list, field] = path.split('.$.');
  if (list === undefined || field === undefined) {
    if (path.includes('.')) throw unknown(`the path ${path}`);
    row[path] = value;
    return;
  }
  const items = row[list] as Record<string, unknown>[];
  const [key, wanted] = Object.entries(filter).find(([name]) => name.startsWith(`${list}.`)) ?? [];
  const place = items.findIndex((item) => isEqual(item[(key ?? '').slice(list.length + 1)], wanted));
  row[list] = items.map((item, index) => (index === place ? { ...item, [field]: value } : item));
}

function applyStage(rows: Row[], stage: Stage): Row[] {
  const [[operator, operand] = ['nothing', {}]] = Object.entries(stage) as [string, Record<string, unknown>][];
  switch (operator) {
    case '$match':
      return rows.filter((row) => matches(row, operand));
    case '$project':
      return rows.map((row) => ({
        _id: row._id,
        ...mapValues(operand, (expression, field) => (expression === 1 ? row[field] : evaluate(expression, row))),
      }));
    case '$group': {
      const { _id, ...fields } = operand;
      const groups = Map.groupBy(rows, (row) => evaluate(_id, row));
      return Array.from(groups, ([key, members]) => ({
        _id: key,
        ...mapValues(fields, (accumulator) => accumulate(accumulator as Record<string, unknown>, members)),
      }));
    }
    default:
      throw unknown(operator);
  }
}

function mapValues(of: Record<string, unknown>, toValue: (value: unknown, key: string) => unknown) {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, toValue(value, key)]));
}

function accumulate(accumulator: Record<string, unknown>, members: Row[]): unknown {
  const [[operator, expression] = ['nothing', null]] = Object.entries(accumulator);
  if (operator !== '$max') throw unknown(operator);
  return Math.max(...members.map((row) => Number(evaluate(expression, row))));
}

function evaluate(expression: unknown, row: Row, variables: Record<string, unknown> = { ROOT: row }): unknown {
  if (typeof expression === 'string' && expression.startsWith('$$')) {
    const [name = '', ...path] = expression.slice(2).split('.');
    return valuesAt(variables[name], path)[0];
  }
  if (typeof expression === 'string' && expression.startsWith('$'))
    return valuesAt(row, expression.slice(1).split('.'))[0];
  if (!isOperators(expression)) return expression;
  const [[operator, operand] = ['nothing', null]] = Object.entries(expression);
  const values = () => (operand as unknown[]).map((one) => evaluate(one, row, variables));
  const numbers = () => values().map(Number);
  switch (operator) {
    case '$add':
      return numbers().reduce((sum, number) => sum + number, 0);
    case '$subtract':
      return numbers().reduce((from, number) => from - number);
    case '$size':
      return (evaluate(operand, row, variables) as unknown[]).length;
    case '$literal':
      return operand;
    case '$let': {
      const { vars, in: body } = operand as { vars: Record<string, unknown>; in: unknown };
      return evaluate(body, row, { ...variables, ...mapValues(vars, (one) => evaluate(one, row, variables)) });
    }
    case '$cond': {
      const [condition, then, otherwise] = operand as unknown[];
      return evaluate(evaluate(condition, row, variables) ? then : otherwise, row, variables);
    }
    case '$lt':
    case '$lte': {
      const [one = NaN, other = NaN] = numbers();
      return operator === '$lt' ? one < other : one <= other;
    }
    case '$indexOfArray': {
      const [list, wanted] = values() as [unknown[], unknown];
      return list.findIndex((one) => isEqual(one, wanted));
    }
    case '$arrayElemAt': {
      const [list, place] = values() as [unknown[], number];
      return list.at(place);
    }
    default:
      throw unknown(operator);
  }
}
