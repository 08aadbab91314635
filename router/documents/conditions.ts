import {
  getOperationAST,
  Kind,
  visit,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionNode,
} from 'graphql';
import type { CheckedOperation } from './documents.ts';
import type { Variables } from './variables.ts';

/** The variables that say, by @skip and @include, what of a document is asked for. */
export function conditionsOf(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(directive) {
      const value = conditionOf(directive);
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}

/** The fragments of a document by their names. */
export function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
  );
}

/** Those of the variables that say what an operation asks for. */
export const decisionsIn = ({ conditions }: Pick<CheckedOperation, 'conditions'>, variables: Variables): Variables =>
  Object.fromEntries(conditions.map((name) => [name, variables[name] === true]));

/**
 * What an operation asks for with these variables: without @skip and @include, and without what they leave out.
 * Planners are given nothing else: they forget what fields behind a condition need of other subgraphs, and ask for what
 * nobody wants.
 */
export function decide(checked: CheckedOperation, variables: Variables): CheckedOperation {
  const decideOne = <Node extends SelectionNode>(node: Node): Node | null | undefined => {
    const { directives = [] } = node;
    const left: DirectiveNode[] = [];
    for (const directive of directives) {
      const value = conditionOf(directive);
      if (!value) left.push(directive);
      else {
        const holds =
          value.kind === Kind.VARIABLE
            ? variables[value.name.value] === true
            : value.kind === Kind.BOOLEAN && value.value;
        if (holds === (directive.name.value === 'skip')) return null;
      }
    }
    return left.length === directives.length ? undefined : { ...node, directives: left };
  };
  const document = visit(checked.document, {
    Field: decideOne,
    InlineFragment: decideOne,
    FragmentSpread: decideOne,
  });
  if (document === checked.document) return checked;
  const operation = getOperationAST(document, checked.operation.name?.value);
  return operation ? { ...checked, document, operation, fragments: fragmentsOf(document) } : checked;
}

const conditionOf = ({ name, arguments: given = [] }: DirectiveNode) =>
  name.value === 'skip' || name.value === 'include' ? given[0]?.value : undefined;
