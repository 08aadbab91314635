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
  const size = first ?? defaultPageSize;
  if (size < 1 || size > maxPageSize) throw new ContractError(`"first" must be 1 to ${maxPageSize}, not ${size}.`);
  const query = after
    ? {
        $and: [
          filter,
          beyond(
            order,
            readCursor(after, order, (field) => (model.schema.path(field) as SchemaType | undefined)?.instance),
          ),
        ],
      }
    : filter;
  const rows = await model
    .find(query)
    .sort(Object.fromEntries(order))
    .limit(size + 1)
    .lean<Node[]>()
    .exec();
  const nodes = rows.slice(0, size);
  const edges = nodes.map((node) => ({ cursor: cursorOf(node, order), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: Boolean(after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: () => model.countDocuments(filter).exec(),
  };
}

function cursorOf(node: unknown, order: Order): string {
  const values = order.map(([field]) => (node as Record<string, unknown>)[field]);
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function readCursor(cursor: string, order: Order, kindOf: (field: string) => string | undefined): unknown[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const isPlace = (value: unknown, index: number) => {
      const kind = kindOf(order[index]?.[0] ?? '');
      return (kind === 'String' && typeof value === 'string') || (kind === 'Number' && Number.isFinite(value));
    };
    if (Array.isArray(values) && values.length === order.length && values.every(isPlace)) return values;
  } catch {
    // Falls through: what is not JSON is no cursor either.
  }
  throw new ContractError(`"after" is not a cursor of this list: ${cursor.slice(0, 80)}`);
}

/** What comes after a place: later in the first field, or equal there and later in the second, and so on. */
function beyond(order: Order, values: unknown[]): Filter {
  return {
    $or: order.map(([field, direction], index) => ({
      ...Object.fromEntries(order.slice(0, index).map(([earlier], place) => [earlier, values[place]])),
      [field]: { [direction === 1 ? '$gt' : '$lt']: values[index] },
    })),
  };
}
