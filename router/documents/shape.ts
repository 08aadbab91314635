import {
  GraphQLError,
  Kind,
  Lexer,
  Source,
  TokenKind,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type ExecutableDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { routerError, type RouterErrorCode } from '../client-errors.ts';
import { isDefer } from './defer.ts';
import { isIntrospection } from './graph.ts';

export interface ShapeLimits {
  maxDepth: number;
  maxTokens: number;
  maxSelections: number;
  maxAliases: number;
}

/** Introspection for GraphiQL nests 15 selections, and so do the deepest questions that MAX_QUERY_DEPTH lets pass. */
const maxSelectionNesting = 50;
/** Inputs of this graph nest three values; so do lists of lists in any other. */
const maxValueNesting = 10;
/** Items of one list, in the document or its variables: as many as a bulk mutation takes (`maxLines` of the platform). */
export const maxListItems = 1_000;
/** The playground's longest document, a whole story, stays below it. */
const maxDefinitions = 100;
const maxVariables = 100;
const maxRootFields = 50;
const maxDirectives = 100;
/** Fragments with @defer, wherever they are spread: each runs by itself, and is told apart from each other. */
const maxDeferred = 20;
/** The longest name of an operation or a fragment; the gateway makes names of requests to subgraphs from the former. */
const longestName = 128;

/**
 * Why the text must not even be parsed: the parser, and every visitor after it, recurses as deep as the text nests.
 * @throws {GraphQLError} when it has characters that no document has.
 */
export function refuseNesting(query: string, { maxTokens }: ShapeLimits): GraphQLError | undefined {
  const lexer = new Lexer(new Source(query));
  let round = 0;
  let values = 0;
  let selections = 0;
  for (let tokens = 0; tokens <= maxTokens; tokens += 1) {
    const { kind } = lexer.advance();
    if (kind === TokenKind.EOF) return undefined;
    const step = steps[kind] ?? 0;
    if (kind === TokenKind.PAREN_L || kind === TokenKind.PAREN_R) round = Math.max(0, round + step);
    else if (round > 0 || kind === TokenKind.BRACKET_L || kind === TokenKind.BRACKET_R) values += step;
    else selections += step;
    if (values > maxValueNesting) {
      return routerError(
        'GRAPHQL_VALIDATION_FAILED',
        `A value is nested deeper than ${maxValueNesting} lists and objects.`,
      );
    }
    if (selections > maxSelectionNesting || round > maxValueNesting) {
      return routerError('QUERY_TOO_DEEP', `Selections are nested deeper than ${maxSelectionNesting}.`);
    }
  }
  return routerError('QUERY_TOO_COMPLEX', `The document has more than ${maxTokens} words and signs.`);
}

const steps: Partial<Record<TokenKind, number>> = {
  [TokenKind.PAREN_L]: 1,
  [TokenKind.PAREN_R]: -1,
  [TokenKind.BRACKET_L]: 1,
  [TokenKind.BRACKET_R]: -1,
  [TokenKind.BRACE_L]: 1,
  [TokenKind.BRACE_R]: -1,
};

/** The size of an operation with every fragment expanded in place. */
interface Shape {
  /** Levels of fields; introspection has none, as it says nothing about the load on subgraphs. */
  depth: number;
  selections: number;
  aliases: number;
  deferred: number;
  /** Fields of the outermost level. */
  fields: number;
}

const nothing: Shape = { depth: 0, selections: 0, aliases: 0, deferred: 0, fields: 0 };

/**
 * Why a document is too much, whatever its types are. It takes time in proportion to the text, not to what it expands
 * to.
 */
export function refuseShape(document: DocumentNode, limits: ShapeLimits): GraphQLError | undefined {
  return refuseParts(document) ?? refuseDefinitions(document, limits);
}

function refuseParts(document: DocumentNode): GraphQLError | undefined {
  const most = (what: string, count: number, limit: number) =>
    count > limit
      ? tooMuch('QUERY_TOO_COMPLEX', `The document has ${count} ${what}; at most ${limit} are allowed.`)
      : undefined;
  let directives = 0;
  let variables = 0;
  let refusal = most('definitions', document.definitions.length, maxDefinitions);
  visit(document, {
    Directive: () => void (directives += 1),
    VariableDefinition: () => void (variables += 1),
    ListValue: ({ values }) => void (refusal ??= most('values in a list', values.length, maxListItems)),
  });
  return refusal ?? most('directives', directives, maxDirectives) ?? most('variables', variables, maxVariables);
}

/** Measures an unused fragment like an operation, because validation walks it too. */
function refuseDefinitions(document: DocumentNode, limits: ShapeLimits): GraphQLError | undefined {
  const shapeOf = createShapeOf(document);
  for (const definition of document.definitions) {
    if (!isExecutable(definition)) continue;
    const { depth, selections, aliases, deferred, fields } = shapeOf(definition.selectionSet);
    const name = definition.name?.value ?? '';
    const isOperation = definition.kind === Kind.OPERATION_DEFINITION;
    const what = isOperation ? 'The operation' : `The fragment "${name}"`;
    const beyond = (of: string, count: number, limit: number) =>
      count > limit &&
      tooMuch(
        'QUERY_TOO_COMPLEX',
        `${what} has ${Number.isSafeInteger(count) ? count : 'far too many'} ${of}; at most ${limit} are allowed.`,
        definition,
      );
    const refused =
      (name.length > longestName &&
        tooMuch(
          'GRAPHQL_VALIDATION_FAILED',
          `The name of an operation or a fragment has at most ${longestName} characters.`,
        )) ||
      (depth > limits.maxDepth &&
        tooMuch(
          'QUERY_TOO_DEEP',
          `${what} is ${depth} fields deep; at most ${limits.maxDepth} are allowed.`,
          definition,
        )) ||
      beyond('selections, fragments included', selections, limits.maxSelections) ||
      beyond('aliases, fragments included', aliases, limits.maxAliases) ||
      beyond('fragments with @defer', deferred, maxDeferred) ||
      (isOperation && beyond('fields at its root', fields, maxRootFields));
    if (refused) return refused;
  }
  return undefined;
}

const isExecutable = (definition: DefinitionNode): definition is ExecutableDefinitionNode =>
  definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION;

function tooMuch(code: RouterErrorCode, message: string, node?: ExecutableDefinitionNode): GraphQLError {
  return new GraphQLError(message, { nodes: node ?? null, extensions: { code } });
}

function createShapeOf(document: DocumentNode): (selectionSet: SelectionSetNode) => Shape {
  const definitions = new Map(
    document.definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
  );
  // Each fragment is measured once, else fragments that spread others twice take exponential time. One that is being
  // measured counts nothing, which ends a cycle; the cycle itself is reported by the standard rule.
  const fragments = new Map<string, Shape>();

  function shapeOfFragment(name: string): Shape {
    const known = fragments.get(name);
    if (known) return known;
    fragments.set(name, nothing);
    const fragment = definitions.get(name);
    const shape = fragment ? shapeOf(fragment.selectionSet) : nothing;
    fragments.set(name, shape);
    return shape;
  }

  function shapeOf(selectionSet: SelectionSetNode): Shape {
    const total = { ...nothing };
    for (const selection of selectionSet.selections) {
      let inner = nothing;
      if (selection.kind === Kind.FRAGMENT_SPREAD) inner = shapeOfFragment(selection.name.value);
      else if (selection.selectionSet) inner = shapeOf(selection.selectionSet);
      total.selections += 1 + inner.selections;
      total.aliases += inner.aliases;
      total.deferred += inner.deferred;
      if (selection.kind !== Kind.FIELD) {
        if (selection.directives?.some(isDefer)) total.deferred += 1;
        total.fields += inner.fields;
        total.depth = Math.max(total.depth, inner.depth);
        continue;
      }
      total.fields += 1;
      if (selection.alias) total.aliases += 1;
      if (!isIntrospection(selection.name.value)) total.depth = Math.max(total.depth, 1 + inner.depth);
    }
    return total;
  }

  return shapeOf;
}
