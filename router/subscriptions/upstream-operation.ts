import {
  getNamedType,
  isObjectType,
  isLeafType,
  Kind,
  parse,
  print,
  visit,
  type ArgumentNode,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';

/** What is asked of the subgraph that owns the subscription. */
export interface UpstreamOperation {
  query: string;
  operationName: string | undefined;
  /** Undefined when the subscription cannot be taken up again: it has no cursor, or no `after` to give it back. */
  resume: ResumePoint | undefined;
}

export interface ResumePoint {
  /** Path of the cursor in an event's `data`. */
  path: readonly [field: string, alias: string];
  /** The variable that says where to go on. */
  variable: string;
  /** The client's variable that says where to begin; undefined when it gave a literal or nothing. */
  clientVariable: string | undefined;
  /** Where the client's literal says to begin. */
  literal: string | undefined;
}

/**
 * The planner's operation for the owner, made resumable where the schema allows it: when the field takes `after` and
 * its events have a `cursor`, it always selects the cursor (under an alias of ours, so the client's own selection stays
 * as it is), and `after` always comes from a variable of ours.
 */
export function toUpstreamOperation(operationText: string, schema: GraphQLSchema): UpstreamOperation {
  const document = parse(operationText, { noLocation: true });
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const plain = { query: operationText, operationName: operation?.name?.value, resume: undefined };
  const root = operation?.selectionSet.selections[0];
  if (!operation || root?.kind !== Kind.FIELD) return plain;
  const after = resumableArgument(schema, root.name.value);
  if (!after || !root.selectionSet) return plain;

  const alias = unusedName('routerCursor', operationText);
  const variable = unusedName('routerAfter', operationText);
  const given = root.arguments?.find((argument) => argument.name.value === after.name)?.value;
  const resumable = withVariables(
    {
      ...operation,
      selectionSet: { ...operation.selectionSet, selections: [withCursor(root, alias, after.name, variable)] },
    },
    variableDefinition(variable, after),
  );
  const definitions = document.definitions.map((definition) => (definition === operation ? resumable : definition));
  return {
    query: print({ ...document, definitions }),
    operationName: operation.name?.value,
    resume: { path: [root.alias?.value ?? root.name.value, alias], variable, ...beginning(given) },
  };
}

/** The `after` argument of a subscription field whose events have a cursor. */
function resumableArgument(schema: GraphQLSchema, fieldName: string): GraphQLArgument | undefined {
  const field = schema.getSubscriptionType()?.getFields()[fieldName];
  const type = field && getNamedType(field.type);
  const cursor = isObjectType(type) ? type.getFields()['cursor'] : undefined;
  if (!field || !cursor || !isLeafType(getNamedType(cursor.type))) return undefined;
  return field.args.find((argument) => argument.name === 'after');
}

function unusedName(wanted: string, text: string): string {
  let name = wanted;
  while (text.includes(name)) name += '_';
  return name;
}

function withCursor(root: FieldNode, alias: string, argument: string, variable: string): FieldNode {
  const after: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: argument },
    value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } },
  };
  const cursor: FieldNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: alias },
    name: { kind: Kind.NAME, value: 'cursor' },
  };
  return {
    ...root,
    arguments: [...(root.arguments ?? []).filter(({ name }) => name.value !== argument), after],
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...(root.selectionSet?.selections ?? []), cursor],
    },
  };
}

function variableDefinition(name: string, argument: GraphQLArgument): VariableDefinitionNode {
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } },
    // Nullable, because the first time there may be no cursor yet.
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: getNamedType(argument.type).name } },
  };
}

/**
 * The operation with our variable declared, and without the client's that nothing uses any more (a validation error).
 */
function withVariables(operation: OperationDefinitionNode, ours: VariableDefinitionNode): OperationDefinitionNode {
  const used = usedVariables(operation);
  const kept = (operation.variableDefinitions ?? []).filter(({ variable }) => used.has(variable.name.value));
  return { ...operation, variableDefinitions: [...kept, ours] };
}

/** How often each variable is used in a node. */
export function usedVariables(node: OperationDefinitionNode | FieldNode): Map<string, number> {
  const used = new Map<string, number>();
  visit(node, {
    VariableDefinition: () => false,
    Variable({ name }) {
      used.set(name.value, (used.get(name.value) ?? 0) + 1);
    },
  });
  return used;
}

function beginning(given: ValueNode | undefined): Pick<ResumePoint, 'clientVariable' | 'literal'> {
  return {
    clientVariable: given?.kind === Kind.VARIABLE ? given.name.value : undefined,
    literal: given?.kind === Kind.STRING || given?.kind === Kind.INT ? given.value : undefined,
  };
}

/** The event's cursor; undefined when it has none. */
export function cursorOf({ resume }: UpstreamOperation, { data }: SubgraphAnswer): string | undefined {
  if (!resume) return undefined;
  const [field, alias] = resume.path;
  const root: unknown = data?.[field];
  const cursor = typeof root === 'object' && root !== null ? (root as Record<string, unknown>)[alias] : undefined;
  return typeof cursor === 'string' ? cursor : undefined;
}
