import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  getNamedType,
  isInputObjectType,
  Kind,
  OperationTypeNode,
  parse,
  TokenKind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Logger } from '../../platform/server/index.ts';
import type { Generation } from '../supergraph/generation.ts';
import type { Manifest } from '../documents/persisted.ts';
import { inputSchemaOf, type JsonSchema } from './input-schema.ts';
import { outputSchemaOf } from './output-schema.ts';

/** One operation of the manifest. */
export interface Tool {
  name: string;
  /** The document that it is in. */
  documentId: string;
  arguments: ReadonlySet<string>;
}

export interface Tools {
  find(name: string): Tool | undefined;
  /** As `tools/list` answers, as JSON. */
  listed: string;
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** The queries and mutations of a manifest that this supergraph can answer. Subscriptions are no calls. */
export async function toolsOf(
  manifest: Manifest,
  { graph: { schema }, documents }: Pick<Generation, 'graph' | 'documents'>,
  logger: Pick<Logger, 'warn'>,
): Promise<Tools> {
  const tools = new Map<string, Tool & { listed: JsonSchema }>();
  for (const [documentId, text] of manifest) {
    // Others are answered in between.
    await nextTurn();
    const document = readable(text);
    if (!document) logger.warn({ documentId }, 'a document of the manifest cannot be read');
    const definitions = document?.definitions ?? [];
    // As the client wrote them: the document that is run has names of its own.
    const fragments: Fragments = new Map(
      definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
    );
    for (const operation of definitions) {
      if (operation.kind !== Kind.OPERATION_DEFINITION || operation.operation === OperationTypeNode.SUBSCRIPTION)
        continue;
      const name = operation.name?.value;
      const found = documents.operationOf(text, name);
      if (name === undefined || 'errors' in found) {
        const because = 'errors' in found ? found.errors[0]?.message : 'it has no name';
        logger.warn({ documentId, operation: name, because }, 'an operation of the manifest is no tool');
        continue;
      }
      // A manifest may hold an operation as older clients send it, too.
      if (tools.delete(name)) logger.warn({ operation: name }, 'of two operations of one name the last is the tool');
      const inputSchema = inputSchemaOf(operation, schema, toldOfVariables(operation, fragments, schema));
      const isQuery = operation.operation === OperationTypeNode.QUERY;
      tools.set(name, {
        name,
        documentId,
        arguments: new Set(Object.keys(inputSchema['properties'] as object)),
        listed: {
          name,
          description: descriptionOf(operation) ?? toldOfFields(operation, fragments, schema),
          inputSchema,
          outputSchema: outputSchemaOf(operation, fragments, schema),
          // What a mutation does, no schema says: an assistant shall ask.
          annotations: isQuery
            ? { readOnlyHint: true }
            : { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
        },
      });
    }
  }
  return {
    find: (name) => tools.get(name),
    listed: JSON.stringify([...tools.values()].map(({ listed }) => listed)),
  };
}

function readable(text: string): DocumentNode | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** Its description (GraphQL specification, "Descriptions"), or the comment that stands before it. */
function descriptionOf({ description, loc }: OperationDefinitionNode): string | undefined {
  if (description) return description.value;
  const lines: string[] = [];
  for (let token = loc?.startToken.prev; token?.kind === TokenKind.COMMENT; token = token.prev)
    lines.unshift(token.value.trim());
  return lines.length > 0 ? lines.join('\n') : undefined;
}

/** What the schema says of the fields that it begins with, and what is asked of each: operations differ in that. */
function toldOfFields(operation: OperationDefinitionNode, fragments: Fragments, schema: GraphQLSchema): string {
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  return fieldsIn(operation.selectionSet, fragments)
    .map(({ name: { value: name }, selectionSet }) => {
      const asked = selectionSet
        ? fieldsIn(selectionSet, fragments).map((each) => (each.alias ?? each.name).value)
        : [];
      const description = fields[name]?.description;
      return [name, asked.length > 0 ? ` (${asked.join(', ')})` : '', description ? `: ${description}` : ''].join('');
    })
    .join('\n');
}

function fieldsIn({ selections }: SelectionSetNode, fragments: Fragments): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
    return fragment ? fieldsIn(fragment.selectionSet, fragments) : [];
  });
}

/** What the schema says of the argument, or the field of an input, that a variable is used for first. */
function toldOfVariables(operation: OperationDefinitionNode, fragments: Fragments, schema: GraphQLSchema) {
  const told = new Map<string, string>();
  const types = new TypeInfo(schema);
  visit(
    { kind: Kind.DOCUMENT, definitions: [operation, ...fragments.values()] },
    visitWithTypeInfo(types, {
      Variable({ name }, _key, parent) {
        const holder = parent && 'kind' in parent ? parent : undefined;
        const input = getNamedType(types.getParentInputType());
        const place =
          holder?.kind === Kind.OBJECT_FIELD && isInputObjectType(input)
            ? input.getFields()[holder.name.value]
            : types.getArgument();
        if (place?.description && !told.has(name.value)) told.set(name.value, place.description);
      },
    }),
  );
  return told;
}
