import {
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isScalarType,
  getNamedType,
  getNullableType,
  Kind,
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLScalarType,
} from 'graphql';
import { ConfigError } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';
import type { Graph } from '../documents/graph.ts';
import { declaredSubscriptions } from './declared.ts';

/** A subscription field that goes on after any of its events, as its owner declares by `@resumable`. */
export interface Resumable {
  /** The argument that says where to go on, and what it is when nothing is given. */
  after: { name: string; type: GraphQLScalarType; fallback: unknown };
  /** The field of an event that says where it stands. */
  cursor: string;
}

const specification = 'https://specs.example/resumable/v1.0';

/** By the subscription field's name. */
export type Resumables = ReadonlyMap<string, Resumable>;

/**
 * The declarations of a supergraph.
 * @throws {ConfigError} one line per declaration that cannot hold: a stream that is not as declared would lose events.
 */
export function readResumables(graph: Graph): Resumables {
  const resumables = new Map<string, Resumable>();
  const mistakes: string[] = [];
  for (const { parent, field, directive } of declaredSubscriptions(graph, specification, 'resumable')) {
    const read = resumableOf(graph, parent, field, directive);
    if (typeof read === 'string') mistakes.push(`${parent}.${field.name} cannot be @resumable: ${read}`);
    else resumables.set(field.name, read);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return resumables;
}

/** The declaration of one field, or what is wrong with it. */
function resumableOf(
  { schema, supergraph, ownersOf }: Graph,
  parent: string,
  field: GraphQLField<unknown, unknown>,
  directive: ConstDirectiveNode,
): Resumable | string {
  const afterName = textIn(directive, 'after') ?? 'after';
  const cursorName = textIn(directive, 'cursor') ?? 'cursor';
  const argument = field.args.find(({ name }) => name === afterName);
  if (!argument) return `it has no argument "${afterName}".`;
  // Nullable, because a client may begin without a cursor.
  if (!isScalarType(argument.type)) return `its argument "${afterName}" must be a nullable scalar, and no list.`;
  const event = getNullableType(field.type);
  if (!isObjectType(event) && !isInterfaceType(event)) return 'its events must be objects.';
  const cursor = event.getFields()[cursorName];
  if (!cursor) return `${event.name} has no field "${cursorName}".`;
  if (!isLeafType(getNullableType(cursor.type)) || getNamedType(cursor.type).name !== argument.type.name) {
    return `${event.name}.${cursorName} must be of the type of "${afterName}", ${argument.type.name}.`;
  }
  if (cursor.args.some(isRequiredArgument)) return `${event.name}.${cursorName} must need no argument.`;
  const owners = ownersOf(event.name, cursorName);
  if (![...ownersOf(parent, field.name)].every((owner) => owners.has(owner))) {
    return `the subgraph that sends its events has no ${event.name}.${cursorName}.`;
  }
  const type = schema.getType(argument.type.name) ?? supergraph.getType(argument.type.name);
  return {
    after: { name: afterName, type: isScalarType(type) ? type : argument.type, fallback: argument.defaultValue },
    cursor: cursorName,
  };
}

function textIn({ arguments: given = [] }: ConstDirectiveNode, name: string): string | undefined {
  const value = given.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

/**
 * Where a subscription stands: a cursor as JSON, so that a number stays a number and equal cursors are equal texts.
 * Undefined where nobody can say.
 */
export type Place = string | undefined;

/** Cursors are strings or numbers; anything else is no place to go on from. */
export function placeOf(cursor: unknown): Place {
  return typeof cursor === 'string' || typeof cursor === 'number' ? JSON.stringify(cursor) : undefined;
}

/**
 * Where a client says that it was, outside its operation.
 * @throws a client error BAD_USER_INPUT when that is no cursor of the subscription.
 */
export function placeGiven(resumable: Resumable | undefined, cursor: unknown): Place {
  if (!resumable) throw routerError('BAD_USER_INPUT', 'This subscription has no cursors: it cannot go on after one.');
  const place = placeOf(cursor);
  if (place !== undefined && fits(resumable.after.type, cursor)) return place;
  throw routerError('BAD_USER_INPUT', 'The cursor to go on after is none of this subscription.');
}

function fits(type: GraphQLScalarType, value: unknown): boolean {
  try {
    type.parseValue(value);
    return true;
  } catch {
    return false;
  }
}
