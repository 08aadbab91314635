import type { Model, SchemaType } from 'mongoose';
import { ContractError } from '../foundation/errors.ts';

/** A page of a list (Relay). `totalCount` is asked of the database only when a client selects it. */
export interface Connection<Node> {
  edges: { cursor: string; node: Node }[];
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  totalCount: () => Promise<number>;
}

export interface PageRequest {
  first?: number | null;
  after?: string | null;
}

/** Fields to order by, ascending (1) or descending (-1); the last must be unique, so that a cursor is one place. */
export type Order = readonly (readonly [field: string, direction: 1 | -1])[];

export const maxPageSize = 200;
const defaultPageSize = 50;

type Filter = Record<string, unknown>;

/** @throws {ContractError} when `first` is not 1 to 200, or `after` is no cursor of this list. */
export async function paginate<Node>(
  model: Model<Node>,
  filter: Filter,
  order: Order,
  { first, after }: PageRequest,
): Promise<Connection<Node>> {
  const size = pageSize(first);
  const kindOf = (field: string) => (model.schema.path(field) as SchemaType | undefined)?.instance;
  const isPlace = (values: unknown[]): values is unknown[] =>
    values.length === order.length && order.every(([field], index) => isOfKind(kindOf(field), values[index]));
  const rows = await model
    .find(after ? { $and: [filter, beyond(order, readCursor(after, isPlace))] } : filter)
    .sort(Object.fromEntries(order))
    .limit(size + 1)
    .lean<Node[]>()
    .exec();
  return pageOf(rows, size, {
    after,
    placeOf: (node) => order.map(([field]) => (node as Record<string, unknown>)[field]),
    totalCount: () => model.countDocuments(filter).exec(),
  });
}

const isOfKind = (kind: string | undefined, value: unknown) =>
  (kind === 'String' && typeof value === 'string') || (kind === 'Number' && Number.isFinite(value));

/** @throws {ContractError} when it is not 1 to 200. */
export function pageSize(first: PageRequest['first'], argument: 'first' | 'last' = 'first'): number {
  const size = first ?? defaultPageSize;
  if (size < 1 || size > maxPageSize)
    throw new ContractError(`"${argument}" must be 1 to ${maxPageSize}, not ${size}.`);
  return size;
}

/** @param rows one more than `size` when there is a next page. */
export function pageOf<Node>(
  rows: readonly Node[],
  size: number,
  list: { after: PageRequest['after']; placeOf(node: Node): unknown[]; totalCount: Connection<Node>['totalCount'] },
): Connection<Node> {
  const nodes = rows.slice(0, size);
  const edges = nodes.map((node) => ({ cursor: toCursor(list.placeOf(node)), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: Boolean(list.after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: list.totalCount,
  };
}

/** Names a place in a list. */
export const toCursor = (place: unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url');

/** The place that a cursor names. @throws {ContractError} when it is no cursor of this list. */
export function readCursor<Place extends unknown[]>(
  cursor: string,
  isPlace: (values: unknown[]) => values is Place,
  argument: 'after' | 'before' = 'after',
): Place {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    // One place has one cursor: base64 and JSON have many spellings.
    if (Array.isArray(values) && isPlace(values) && toCursor(values) === cursor) return values;
  } catch {
    // Falls through: what is not JSON is no cursor either.
  }
  throw new ContractError(`"${argument}" is not a cursor of this list: ${cursor.slice(0, 80)}`);
}

/** What comes after a place: later in the first field, or equal there and later in the second, and so on. */
function beyond(order: Order, values: unknown[]): Filter {
  const ways = order.map(([field, direction], index) => ({
    ...Object.fromEntries(order.slice(0, index).map(([earlier], place) => [earlier, values[place]])),
    [field]: { [direction === 1 ? '$gt' : '$lt']: values[index] },
  }));
  // Some engines use no index for $or.
  return ways.length === 1 ? (ways[0] as Filter) : { $or: ways };
}
