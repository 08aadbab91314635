import {
  getOperationAST,
  Kind,
  visit,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type ValueNode,
} from 'graphql';
import type { CheckedOperation } from './checked-operation.ts';
import { argumentOf, isDefer } from './defer.ts';
import type { Variables } from './variables.ts';

/** The variables that say, by @skip, @include and @defer, what of a document is asked for, and when. */
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
  Object.fromEntries(
    conditions.filter((name) => name in variables).map((name) => [name, variables[name] === true] as const),
  );

/**
 * What an operation asks for with these variables: without @skip and @include, and without what they leave out.
 * Planners are given nothing else: they forget what fields behind a condition need of other subgraphs, and ask for what
 * nobody wants.
 */
export function decide(checked: CheckedOperation, variables: Variables): CheckedOperation {
  const { deferring } = checked;
  const decided = decideIn(checked, variables);
  if (decided === checked && !deferring) return checked;
  return { ...checked, ...decided, deferring: deferring && decideIn(deferring, variables) };
}

type Decided = Pick<CheckedOperation, 'document' | 'operation' | 'fragments'>;

function decideIn<Given extends Decided>(given: Given, variables: Variables): Given | Decided {
  const decideOne = <Node extends SelectionNode>(node: Node): Node | null | undefined => {
    const { directives = [] } = node;
    const left: DirectiveNode[] = [];
    for (const directive of directives) {
      const value = conditionOf(directive);
      const holds =
        value?.kind === Kind.VARIABLE ? variables[value.name.value] : value?.kind === Kind.BOOLEAN && value.value;
      if (isDefer(directive)) {
        // It holds unless something says that it does not.
        if (!value || holds === true || holds === undefined) left.push(directive);
      } else if (!value) left.push(directive);
      else if ((holds === true) === (directive.name.value === 'skip')) return null;
    }
    return left.length === directives.length ? undefined : { ...node, directives: left };
  };
  const document = visit(given.document, {
    Field: decideOne,
    InlineFragment: decideOne,
    FragmentSpread: decideOne,
  });
  if (document === given.document) return given;
  const operation = getOperationAST(document, given.operation.name?.value);
  return operation ? { document, operation, fragments: fragmentsOf(document) } : given;
}

function conditionOf(directive: DirectiveNode): ValueNode | undefined {
  const { name } = directive;
  const isCondition = name.value === 'skip' || name.value === 'include' || isDefer(directive);
  return isCondition ? argumentOf(directive, 'if') : undefined;
}
