import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  visit,
  type ASTVisitor,
  type DirectiveDefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
} from 'graphql';

/** Fragments that a client is content to get later (GraphQL draft of 2025, "@defer"). */
const sdl = `
"The fragment may be answered later than the rest, if the client takes answers in parts."
directive @defer(
  "Not if false."
  if: Boolean! = true
  "Names the part; unique in the document."
  label: String
) on FRAGMENT_SPREAD | INLINE_FRAGMENT`;

export const deferDefinition = parse(sdl, { noLocation: true }).definitions[0] as DirectiveDefinitionNode;

export const isDefer = ({ name }: DirectiveNode) => name.value === deferDefinition.name.value;

/** The operation with every `@defer`, as its client wrote it. */
export interface DeferringOperation {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** The document as one answer is given to it; undefined when it has no `@defer`. */
export function withoutDefer(document: DocumentNode): DocumentNode | undefined {
  const plain = visit(document, { Directive: (directive) => (isDefer(directive) ? null : undefined) });
  return plain === document ? undefined : plain;
}

export const argumentOf = (directive: DirectiveNode, name: string): ValueNode | undefined =>
  directive.arguments?.find((argument) => argument.name.value === name)?.value;

/** The rules of the draft for `@defer`; graphql 16 does not have them. */
export const deferRules: readonly ValidationRule[] = [onFieldsOfResults, withOwnLabel, notInSubscriptions];

/** A mutation's fields run one after the other, and a subscription has one: none of them can come later. */
function onFieldsOfResults(context: ValidationContext): ASTVisitor {
  return {
    Directive(node) {
      if (!isDefer(node)) return;
      const schema = context.getSchema();
      const parent = context.getParentType();
      if (!parent || (parent !== schema.getMutationType() && parent !== schema.getSubscriptionType())) return;
      context.reportError(new GraphQLError(`@defer cannot be used on fields of ${parent.name}.`, { nodes: node }));
    },
  };
}

function withOwnLabel(context: ValidationContext): ASTVisitor {
  const known = new Map<string, DirectiveNode>();
  return {
    Directive(node) {
      const label = isDefer(node) ? argumentOf(node, 'label') : undefined;
      if (!label || label.kind === Kind.NULL) return;
      if (label.kind !== Kind.STRING) {
        context.reportError(new GraphQLError('The label of a @defer must be a string, no variable.', { nodes: node }));
        return;
      }
      const other = known.get(label.value);
      if (other) {
        const message = `The label of a @defer must be its own: "${label.value}" is another’s, too.`;
        context.reportError(new GraphQLError(message, { nodes: [other, node] }));
      }
      known.set(label.value, node);
    },
  };
}

/** Unless it may be off; then it is. */
function notInSubscriptions(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return;
      const spread = context.getRecursivelyReferencedFragments(operation);
      for (const part of [operation, ...spread]) {
        visit(part, {
          Directive(node) {
            const given = isDefer(node) && argumentOf(node, 'if');
            if (given === false || given?.kind === Kind.VARIABLE) return;
            if (given?.kind === Kind.BOOLEAN && !given.value) return;
            const message = '@defer cannot be used in a subscription; its "if" may be false, or a variable.';
            context.reportError(new GraphQLError(message, { nodes: node }));
          },
        });
      }
    },
  };
}
