import {
  Kind,
  parse,
  print,
  valueFromASTUntyped,
  visit,
  type ArgumentNode,
  type FieldNode,
  type NameNode,
  type OperationDefinitionNode,
  type ValueNode,
  type VariableDefinitionNode,
  type VariableNode,
} from 'graphql';
import type { Variables } from '../documents/variables.ts';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';
import { placeOf, type Place, type Resumable, type Resumables } from './resumable.ts';

/** What is asked of the subgraph that owns the subscription. */
export interface UpstreamOperation {
  query: string;
  operationName: string | undefined;
  /** Undefined when the subscription cannot be taken up again: its owner does not declare it `@resumable`. */
  resume: ResumePoint | undefined;
}

export interface ResumePoint {
  resumable: Resumable;
  /** Path of the cursor in an event's `data`. */
  path: readonly [field: string, alias: string];
  /** The variable that says where to go on. */
  variable: string;
  /** Where the client says to begin; undefined when it says nothing. */
  given: ValueNode | undefined;
  /** The client's variable for that, when nothing else in the operation uses it. */
  replaced: string | undefined;
}

/**
 * The planner's operation for the owner, made resumable where the schema says so: it always selects the cursor (under
 * an alias of ours, so the client's own selection stays as it is), and where to begin always comes from a variable of
 * ours.
 */
export function toUpstreamOperation(operationText: string, resumables: Resumables): UpstreamOperation {
  const document = parse(operationText, { noLocation: true });
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const plain = { query: operationText, operationName: operation?.name?.value, resume: undefined };
  const root = operation?.selectionSet.selections[0];
  if (!operation || root?.kind !== Kind.FIELD) return plain;
  const resumable = resumables.get(root.name.value);
  if (!resumable) return plain;

  const { after, cursor } = resumable;
  const alias = unusedName('routerCursor', operationText);
  const variable = unusedName('routerAfter', operationText);
  const given = root.arguments?.find((argument) => argument.name.value === after.name)?.value;
  const rewritten = withVariables(
    {
      ...operation,
      selectionSet: {
        ...operation.selectionSet,
        selections: [
          withCursor(root, { kind: Kind.FIELD, alias: nameNode(alias), name: nameNode(cursor) }, after.name, variable),
        ],
      },
    },
    variableDefinition(variable, after.type.name),
  );
  const definitions = document.definitions.map((definition) => (definition === operation ? rewritten : definition));
  return {
    query: print({ ...document, definitions }),
    operationName: operation.name?.value,
    resume: {
      resumable,
      path: [root.alias?.value ?? root.name.value, alias],
      variable,
      given,
      replaced: given?.kind === Kind.VARIABLE && !declares(rewritten, given) ? given.name.value : undefined,
    },
  };
}

function declares({ variableDefinitions = [] }: OperationDefinitionNode, { name }: VariableNode): boolean {
  return variableDefinitions.some(({ variable }) => variable.name.value === name.value);
}

function unusedName(wanted: string, text: string): string {
  let name = wanted;
  while (text.includes(name)) name += '_';
  return name;
}

function withCursor(root: FieldNode, cursor: FieldNode, argument: string, variable: string): FieldNode {
  const after: ArgumentNode = { kind: Kind.ARGUMENT, name: nameNode(argument), value: variableNode(variable) };
  return {
    ...root,
    arguments: [...(root.arguments ?? []).filter(({ name }) => name.value !== argument), after],
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...(root.selectionSet?.selections ?? []), cursor],
    },
  };
}

const nameNode = (value: string): NameNode => ({ kind: Kind.NAME, value });
const variableNode = (name: string): VariableNode => ({ kind: Kind.VARIABLE, name: nameNode(name) });

function variableDefinition(name: string, type: string): VariableDefinitionNode {
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: variableNode(name),
    // Nullable, because the first time there may be no cursor yet.
    type: { kind: Kind.NAMED_TYPE, name: nameNode(type) },
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

/** Where the operation says to begin, with these variables. */
export function beginningIn({ resumable, given }: ResumePoint, variables: Variables): Place {
  const value = given === undefined ? undefined : valueOf(given, variables);
  const beginning = value === undefined ? resumable.after.fallback : value;
  return beginning === null ? fromNull : placeOf(beginning);
}

/** The client says itself that it begins without a cursor; that is more than to say nothing where there is a default. */
const fromNull = 'null';

/** Whether a subscription that begins at this place begins with what happens from now on. */
export const isFromNow = (place: Place) => place === undefined || place === fromNull;

function valueOf(given: ValueNode, variables: Variables): unknown {
  if (given.kind === Kind.VARIABLE) return variables[given.name.value];
  // A number that JavaScript cannot hold stays as it was written.
  if (given.kind === Kind.INT && !Number.isSafeInteger(Number(given.value))) return given.value;
  return valueFromASTUntyped(given, variables);
}

/**
 * Where the subscription stands after an event. One that failed as a whole has no place of its own: it may come again.
 */
export function placeAfter({ resume }: UpstreamOperation, { data }: SubgraphAnswer, before: Place): Place {
  if (!resume) return undefined;
  const [field, alias] = resume.path;
  const root: unknown = data?.[field];
  return typeof root === 'object' && root !== null ? placeOf((root as Record<string, unknown>)[alias]) : before;
}
